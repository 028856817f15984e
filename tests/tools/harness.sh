# shellcheck shell=bash
# For the scripts that test the command; each is called with its path.
set -uo pipefail
xgrad=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
  printf 'FAILED: %s\n' "$*"
  printf -- '-- exit code %s; stdout:\n%s\n-- stderr:\n%s\n' "$code" "$(< "$work/stdout")" "$(< "$work/stderr")"
  failed=1
}

# run ARGUMENTS...: of xgrad; leaves $code, $work/stdout and $work/stderr.
run() {
  called="xgrad $*"
  "$xgrad" "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null
  code=$?
}

# The last run ended with this exit code.
exits() { [[ $code == "$1" ]] || complain "$called: exit code should be $1"; }
# Its stdout or stderr holds this text.
says() { grep -qF -- "$2" "$work/$1" || complain "$called: '$2' should be on $1"; }
silent() { [[ ! -s $work/$1 ]] || complain "$called: nothing should be on $1"; }
# It told the user what is wrong in one line.
one_error_line() {
  [[ $(wc -l < "$work/stderr") == 1 && $(< "$work/stderr") == "xgrad: "* ]] ||
    complain "$called: one line 'xgrad: ...' should be on stderr"
}
# The last line of stdout is a JSON object; prints the member at the path given, if any.
json() {
  tail -n 1 "$work/stdout" > "$work/json"
  cmake -D "FILE=$work/json" -D "MEMBER=${*:-}" -P "$(dirname "${BASH_SOURCE[0]}")/json.cmake" \
    2> "$work/json.error" || { complain "$called: no JSON: $(< "$work/json.error")" >&2; return 1; }
}
# json_is VALUE PATH...: a member of that object.
json_is() {
  local value
  value=$(json "${@:2}") && [[ $value == "$1" ]] || complain "$called: JSON ${*:2} should be $1, not ${value:-}"
}

done_testing() { exit $failed; }
