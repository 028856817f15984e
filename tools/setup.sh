# shellcheck shell=bash
# What tools/quickstart and tools/test share; they source it from the root of the project.

step() { printf '\n== %s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$0" "$*" >&2
  exit 1
}

# Names of the packages of the given groups (first column of tools/packages).
packages() {
  local group name _
  while read -r group name _; do
    [[ " $* " == *" $group "* ]] && printf '%s\n' "$name"
  done < tools/packages
  return 0
}

# Those of the given packages that are not installed.
missing_of() {
  local installed
  installed=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "$@" 2> /dev/null) || true
  local name
  for name in "$@"; do
    grep -qx "$name installed" <<< "$installed" || printf '%s\n' "$name"
  done
}

# May this user become root? Asks for the password only where somebody can type it.
can_sudo() {
  command -v sudo > /dev/null || return 1
  sudo -n true 2> /dev/null && return 0
  [[ -t 0 && -t 2 ]] && sudo -v
}

# Installs what is missing of the given groups; does nothing and asks for nothing where all is there.
install_packages() {
  command -v dpkg-query > /dev/null ||
    fail "this is not Debian or one of its kin; install the counterparts of these packages, then build" \
      "with cmake --preset release:" $'\n' "$(packages "$@" | paste -sd' ')"
  local all missing
  mapfile -t all < <(packages "$@")
  mapfile -t missing < <(missing_of "${all[@]}")
  ((${#missing[@]} > 0)) || return 0

  local install="apt-get install --yes --no-install-recommends ${missing[*]}"
  local as_root=(env)
  if ((EUID != 0)); then
    can_sudo || fail "these packages are missing, and this user may not install them:
  ${missing[*]}
Let root run
  apt-get update && $install
and then start $0 again."
    as_root=(sudo env)
  fi
  step "Installing ${#missing[@]} packages: ${missing[*]}"
  # Another apt may be at work (unattended-upgrades): wait for it rather than fail.
  as_root+=(DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8)
  local options=(-q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
  "${as_root[@]}" apt-get "${options[@]}" update < /dev/null ||
    printf '%s: the package lists could not be updated; trying with those that are there\n' "$0" >&2
  "${as_root[@]}" apt-get "${options[@]}" install --yes --no-install-recommends "${missing[@]}" \
    < /dev/null || fail "apt-get could not install the packages; see above. The command was
  $install"
}

# One compiler per core, but not more than memory has room for: some sources take 1.5 GB.
compile_jobs() {
  local cores available
  cores=$(nproc)
  available=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo 2> /dev/null) || true
  [[ -n $available ]] || available=$cores
  ((available >= 1)) || available=1
  printf '%s\n' $((cores < available ? cores : available))
}

# build PRESET [TARGET ...]: with a line for each step: "[120/340, 35 s] ...".
build() {
  local preset=$1
  shift
  local targets=()
  (($# == 0)) || targets=(--target "$@")
  NINJA_STATUS='[%f/%t, %e s] ' cmake --build "build/$preset" --parallel "$(compile_jobs)" "${targets[@]}"
}
