# shellcheck shell=bash
# What the scripts of this directory share: messages, set-up of a machine, the one build. Source it.

repository=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
program=${0##*/}

# A descriptor that the caller has closed would be that of the next file opened.
[[ -e /dev/fd/0 ]] || exec </dev/null
[[ -e /dev/fd/1 ]] || exec >/dev/null
[[ -e /dev/fd/2 ]] || exec 2>/dev/null

# sysexits.h: the exit codes that scripts around Lockstep may rely on.
# shellcheck disable=SC2034 # each script uses some of them
readonly exit_usage=64 exit_unavailable=69

# The flags of every build and test. One place, because a different flag means different products and a full rebuild:
# quickstart.sh, test.sh and a developer's own `swift build` share one .build directory.
swift_flags=(-c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error)

say() { printf '%s\n' "$*"; }
# Messages quote what users, files and other machines say: `warn` shows it escaped.
warn() { printf '%s: %s\n' "$program" "$(shown "$*")" >&"$spoken"; }

# shown TEXT: the same without what a terminal would obey: control characters, as $'…' writes them.
shown() {
  local LC_ALL=C text=$1 result='' character
  local control=$'[[:cntrl:]]|\xc2[\x80-\x9f]'
  while [[ $text =~ $control ]]; do
    result+=${text%%"${BASH_REMATCH[0]}"*}
    text=${text#*"${BASH_REMATCH[0]}"}
    printf -v character %q "${BASH_REMATCH[0]}"
    character=${character#"$'"}
    result+=${character%"'"}
  done
  printf '%s' "$result$text"
}

# hush: from here on bash's own words, such as "Killed" for a job that a signal ended, go nowhere; `warn`, and what is started
# with 2>&"$spoken", speak on. unhush ends that.
spoken=2
hush() { exec {spoken}>&2 2>/dev/null; }
unhush() {
  exec 2>&"$spoken" {spoken}>&-
  spoken=2
}

# fail CODE MESSAGE: one line on stderr, then the end.
fail() {
  local code=$1
  shift
  warn "$*"
  exit "$code"
}

usage() { fail "$exit_usage" "$*; see cluster/$program --help"; }
check_count() { [[ $2 =~ ^[1-9][0-9]{0,6}$ ]] || usage "$1 $2: not a positive whole number"; }

# check_number NAME VALUE: before it comes near arithmetic, where bash would run the commands that a text names.
check_number() { [[ $2 =~ ^(0|[1-9][0-9]{0,8})$ ]] || fail "$exit_usage" "$1 is '$2', not a whole number"; }

# argument OPTION: its value among lockstep's `arguments`.
# shellcheck disable=SC2154 # the sourcing script's arguments
argument() {
  local index value=''
  for index in "${!arguments[@]}"; do
    case ${arguments[index]} in
      "$1") value=${arguments[index + 1]:-} ;;
      "$1"=*) value=${arguments[index]#*=} ;;
    esac
  done
  printf '%s' "$value"
}

# take_program: drops the program's name from the head of lockstep's `arguments`, where people put it as behind mpirun or
# srun: `lockstep`, or a path. A path to another program than ours chooses that one.
take_program() {
  local name=${arguments[0]:-}
  [[ $name == lockstep || $name == */* ]] || return 0
  if [[ $name == */* ]]; then
    [[ -f $name && -x $name ]] || fail "$exit_unavailable" "$name is not an executable program; leave it out, or build it first (cluster/quickstart.sh does)"
    [[ ! ${LOCKSTEP_BINARY:-} || $LOCKSTEP_BINARY -ef $name ]] ||
      usage "two programs: $LOCKSTEP_BINARY (--program or LOCKSTEP_BINARY), and $name in front of its arguments"
    LOCKSTEP_BINARY=$(readlink -f -- "$name")
  fi
  arguments=("${arguments[@]:1}")
}

# Sets `binary`, the program.
find_binary() {
  binary=$repository/.build/release/lockstep
  # A folder that install.sh made has the program beside the scripts.
  [[ -f $binary || ! -f $repository/lockstep ]] || binary=$repository/lockstep
  binary=${LOCKSTEP_BINARY:-$binary}
  [[ -f $binary && -x $binary ]] ||
    fail "$exit_unavailable" "$binary is not an executable program; build it first (cluster/quickstart.sh does)"
  binary=$(readlink -f -- "$binary")
  # Else OpenBLAS makes a thread a core while the program loads, each with 128 MB: where the address space is limited, they
  # do not start.
  export OPENBLAS_NUM_THREADS=1
}

# Prints the comment block at the head of the calling script: its help text.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

# session_members SESSION: its processes on this machine, one a line. One that has ended and waits for its parent to
# notice does not count, unless it still has a thread: a killed process may yet finish a rename on a slow disk.
session_members() {
  local file line fields tasks
  for file in /proc/[0-9]*/stat; do
    { IFS= read -r line <"$file"; } 2>/dev/null || continue # it ended meanwhile
    read -ra fields <<<"${line##*) }"                       # state, parent, group, session
    [[ ${fields[3]} == "$1" ]] || continue
    tasks=("${file%stat}"task/*)
    [[ ${fields[0]} == [ZX] && ${#tasks[@]} == 1 ]] || say "${line%% *}"
  done
}

# newest_checkpoint RUN: the name of its furthest checkpoint, without the ending; nothing when there is none.
newest_checkpoint() {
  local LC_ALL=C file name newest='' pattern='^iteration-[0-9]{8,}(-phase-[0-9]+)?$'
  for file in "$1"/checkpoints/iteration-*.safetensors; do
    name=${file##*/} name=${name%.safetensors}
    [[ -f $file && $name =~ $pattern ]] || continue
    # iteration-00001500, then iteration-00001500-phase-1
    [[ $name < $newest ]] || newest=$name
  done
  printf '%s' "$newest"
}

# Debian and Ubuntu packages for what the build or a run would miss. Asks for the capability, not for the package, so
# that libraries from environment modules or another distribution count.
missing_packages() {
  local library
  command -v pkg-config >/dev/null || say pkg-config
  for library in openblas:libopenblas-dev ompi-c:libopenmpi-dev libpng:libpng-dev \
    libjpeg:libjpeg-dev zlib:zlib1g-dev; do
    pkg-config --exists "${library%%:*}" 2>/dev/null || say "${library##*:}"
  done
  command -v mpirun >/dev/null || say openmpi-bin
  command -v ssh >/dev/null || say openssh-client # mpirun wants it even on one node
  command -v c++ >/dev/null || say g++
  command -v git >/dev/null || printf '%s\n' git ca-certificates
  # Swift links with gold, which newer distributions split from binutils.
  command -v ld.gold >/dev/null || say binutils-gold
}

# What an unpacked toolchain finds missing on a bare system (-dev: only those names are the same everywhere).
missing_swift_libraries() {
  command -v swift >/dev/null || return 0
  [[ $({ swift --version && swift build --version; } 2>&1) != *"loading shared libraries"* ]] ||
    printf '%s\n' libcurl4-openssl-dev libedit-dev libncurses-dev libsqlite3-dev libxml2-dev
}

install_packages() {
  local packages prefix=() log install
  mapfile -t packages < <(missing_packages && missing_swift_libraries)
  ((${#packages[@]})) || return 0
  install="apt-get install --yes --no-install-recommends ${packages[*]}"
  command -v apt-get >/dev/null ||
    fail "$exit_unavailable" "missing here, by their Debian names: ${packages[*]}; install what your system calls them"
  if [[ $EUID -ne 0 ]]; then
    prefix=(sudo)
    [[ -t 0 ]] || prefix=(sudo -n) # nobody is there to type a password
    "${prefix[@]}" true 2>/dev/null ||
      fail "$exit_unavailable" "system packages are missing; run this once as root, then $program again: apt-get update && $install"
  fi
  say "Installing system packages: ${packages[*]}"
  log=$(mktemp)
  # The lock may be held for a moment by another installation (unattended upgrades on a fresh machine).
  if ! {
    "${prefix[@]}" apt-get -o DPkg::Lock::Timeout=300 update &&
      "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${packages[@]}"
  } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    fail "$exit_unavailable" "could not install them (log above); run as root: apt-get update && $install"
  fi
  rm -f "$log"
  hash -r
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]} == 0)) || fail "$exit_unavailable" "installed, yet still not usable here: ${packages[*]}"
}

check_swift() {
  local where="get one at https://www.swift.org/install/linux/ and put its usr/bin into PATH" text version
  command -v swift >/dev/null || fail "$exit_unavailable" "no swift in PATH; Lockstep needs Swift 6.1 or newer: $where"
  text=$(swift --version 2>&1) || fail "$exit_unavailable" "swift does not start: ${text%%$'\n'*}"
  [[ $text =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] ||
    fail "$exit_unavailable" "cannot read the version of swift from: ${text%%$'\n'*}"
  version=$((BASH_REMATCH[1] * 100 + BASH_REMATCH[2]))
  ((version >= 601)) ||
    fail "$exit_unavailable" "Swift ${BASH_REMATCH[1]}.${BASH_REMATCH[2]} is too old; Lockstep needs 6.1 or newer: $where"
}

set_up() {
  install_packages
  check_swift
}

# On a terminal the compiler's newest line, in place; elsewhere nothing. Reads all of its input either way.
show_progress() {
  local line
  if [[ ! -t 1 ]]; then
    cat >/dev/null
    return
  fi
  while IFS= read -r line; do
    [[ $line == \[* ]] && printf '\r\033[K%s' "${line:0:78}"
  done
  printf '\r\033[K'
}

# build [--build-tests]: quiet when it works, the log when it does not.
build() {
  local log=$repository/.build/cluster-build.log start=$SECONDS
  mkdir -p "$repository/.build"
  say "Building Lockstep (release; the first time takes some minutes) …"
  if ! swift build --package-path "$repository" "${swift_flags[@]}" "$@" 2>&1 </dev/null | tee "$log" | show_progress; then
    cat "$log" >&2
    fail 1 "the build failed; its log is above and in $log"
  fi
  say "Built in $((SECONDS - start)) s."
}
