# shellcheck shell=bash
# Completion of bash for the xgrad command. It asks "xgrad VERB --help", so it knows what the installed
# command knows: verbs, options, and the words that an option takes.

# The names under "Subcommands:" of a help text.
_xgrad_verbs() {
  awk '/^[^ ]/ { inside = /^Subcommands:/ } inside && /^  [a-z]/ { print $1 }' <<< "$1"
}

# The options in a help text.
_xgrad_options() {
  awk '/^  -/ { n = split($1, name, ","); for (i = 1; i <= n; ++i) if (name[i] ~ /^--/) print name[i] }' <<< "$1"
}

# What stands for the value of option $2 in a help text: "{a,b}", "FILE"; nothing if it takes none.
_xgrad_value() {
  awk -v option="$2" '/^  -/ {
    n = split($1, name, ",")
    if (name[n] != option || $2 == "Excludes:" || substr($0, 3 + length($1), 2) == "  ") next
    sub(/^[A-Z]*:\{/, "{", $2)
    print $2
  }' <<< "$1"
}

_xgrad() {
  local current=$2 previous=$3 help verb verbs value candidates path=() past_verbs=
  help=$("$1" --help 2> /dev/null) || return
  for verb in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    verbs=$(_xgrad_verbs "$help")
    if ! grep -qxF -e "$verb" <<< "$verbs"; then
      past_verbs=yes
      break
    fi
    path+=("$verb")
    help=$("$1" "${path[@]}" --help 2> /dev/null) || return
  done

  value=$(_xgrad_value "$help" "$previous")
  if [[ $value == "{"* ]]; then
    candidates=$(tr -d '{}' <<< "$value" | tr , '\n')
  elif [[ -n $value || $past_verbs && $current != -* ]]; then
    candidates=
  elif [[ $current == -* ]]; then
    candidates=$(_xgrad_options "$help")
  else
    candidates=$(_xgrad_verbs "$help")
  fi
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
}

# Where it has no word to offer, a file or a folder may be meant.
complete -o bashdefault -o default -F _xgrad xgrad
