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

# is_true EXPRESSION OF AWK...: complains with the words that follow it.
is_true() { awk "BEGIN { exit !($1) }" || complain "$called: ${*:2} ($1)"; }
# same FILE FILE: in the work folder.
same() { cmp -s "$work/$1" "$work/$2" || complain "$1 and $2 should be the same bytes"; }
# weights RUN: the numbers of model.safetensors, which follow a header and its length, one a line.
weights() {
  local header
  header=$(od -An -tu8 -N8 "$work/$1/model.safetensors")
  od -An -v -tf4 -w4 -j $((8 + header)) "$work/$1/model.safetensors"
}
# largest_difference RUN RUN: of their weights; 1 where there are few.
largest_difference() {
  paste <(weights "$1") <(weights "$2") |
    awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > most) most = d } END { printf "%.3g", NR < 1000 ? 1 : most }'
}

# random_images FOLDER N: MNIST's files with N images of noise, of the ten classes in turn, which a network can only
# learn by heart; those to test with are the same. Equal on each run.
random_images() {
  mkdir "$1"
  LC_ALL=C awk -v n="$2" -v images="$1/train-images-idx3-ubyte" -v labels="$1/train-labels-idx1-ubyte" '
    function number(x, file) { printf "%c%c%c%c", int(x / 2^24) % 256, int(x / 2^16) % 256, int(x / 2^8) % 256, x % 256 > file }
    BEGIN {
      srand(1)
      number(2051, images); number(n, images); number(28, images); number(28, images)
      number(2049, labels); number(n, labels)
      for (i = 0; i < 784 * n; ++i) printf "%c", int(256 * rand()) > images
      for (i = 0; i < n; ++i) printf "%c", i % 10 > labels
    }'
  cp "$1/train-images-idx3-ubyte" "$1/t10k-images-idx3-ubyte"
  cp "$1/train-labels-idx1-ubyte" "$1/t10k-labels-idx1-ubyte"
}

done_testing() { exit $failed; }
