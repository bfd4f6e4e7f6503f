# shellcheck shell=bash
# The nodes of a hostfile: which of them answer, and what each has. Source it after lib.sh.
# shellcheck disable=SC2034,SC2154 # what it shares with the scripts that source it

# shellcheck source-path=SCRIPTDIR source=hostfile.sh
source "$repository/cluster/hostfile.sh"

# By node name, what ask_nodes found: its cores, its machine (two containers of one machine share it) and what keeps it from
# taking part, in words; nothing when all is well.
declare -A node_cores node_machine node_problem

# Sets `agent`, what mpirun reaches nodes with, and `reach`, the same when nobody is there to type a password. Fails where
# we know no way to ask: inside of a scheduler's job that brings its own, and with other programs than ssh.
find_agent() {
  local name=${OMPI_MCA_plm_rsh_agent:-ssh}
  [[ -z ${SLURM_JOB_ID:-} && -z ${PE_HOSTFILE:-} && -z ${OMPI_MCA_plm:-} ]] || return 1
  read -ra agent <<<"${name%% :*}"
  [[ ${agent[0]##*/} == ssh ]] && command -v "${agent[0]}" >/dev/null || return 1
  reach=("${agent[@]}" -o BatchMode=yes -o ConnectTimeout=5)
}

is_this_machine() {
  local name=${1#*@} own address
  own=$(uname -n)
  [[ $name != localhost && $name != 127.* && $name != "$own" && $name != "${own%%.*}" ]] || return 0
  address=$(getent ahostsv4 -- "$name" 2>/dev/null | awk 'NR == 1 { print $1 }') || return 1
  [[ $address && " $(hostname -I 2>/dev/null) " == *" $address "* ]]
}

# The question, for any sh: one fact a line. $1 the program, $2 Open MPI's daemon, $3 our folder of it, $4 a LD_LIBRARY_PATH.
# shellcheck disable=SC2016 # the other shell's variables
question='
daemon=$(command -v "$2") || daemon=
echo "daemon $daemon"
[ ! -x "$3/$2" ] || echo "same-prefix yes"
[ -n "$daemon" ] || daemon=$3/$2
echo "version $("${daemon%/*}/mpirun" --version 2>/dev/null | head -n 1)"
cores=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v "^#" | sort -u | wc -l)
usable=$(nproc)
[ "$cores" -gt 0 ] && [ "$cores" -le "$usable" ] || cores=$usable
echo "cores $cores"
echo "machine $(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
if [ -x "$1" ] && [ -f "$1" ]; then
  [ -z "$4" ] || { LD_LIBRARY_PATH=$4; export LD_LIBRARY_PATH; }
  echo "program yes"
  ldd "$1" 2>&1 | sed -n -e "s/^[[:space:]]*\([^ ]*\) => not found.*/missing \1/p" \
    -e "s/.*version .\([A-Za-z]*_[0-9.]*\). not found.*/missing \1/p" | sort -u
fi
echo "done"
'

# single_quoted WORD…: for another shell's command line.
single_quoted() {
  local word
  for word; do printf "'%s' " "${word//\'/\'\\\'\'}"; done
}

# ask_node NODE PROGRAM: its answers.
ask_node() {
  local daemon_path daemon_name
  daemon_path=$(command -v orted || command -v prted || say /usr/bin/orted)
  daemon_name=${daemon_path##*/}
  # (A pipe, for the other side's shell may be none of ours.)
  {
    printf 'set -- %s\n' "$(single_quoted "$2" "$daemon_name" "${daemon_path%/*}" "${LD_LIBRARY_PATH:-}")"
    printf '%s' "$question"
  } | if is_this_machine "$1"; then timeout 15 sh; else timeout 15 "${reach[@]}" -- "$1" sh; fi | head -c 100000
}

# mpi_version TEXT: the number in what `mpirun --version` says; nothing when it is not Open MPI's.
mpi_version() { [[ ! $1 =~ Open\ MPI\)?\ ([0-9][A-Za-z0-9._-]*) ]] || say "${BASH_REMATCH[1]}"; }

# ask_nodes PROGRAM: asks all nodes at once and fills the tables above. Sets `with_prefix`, the folder that mpirun must be
# told because the nodes do not find its daemon by themselves. Ctrl-C in between is left to the caller's traps.
ask_nodes() {
  local node index answers asking=() here
  answers=$(mktemp -d)
  here=$(mpi_version "$(mpirun --version 2>/dev/null | head -n 1)") || here=''
  with_prefix=''
  for index in "${!nodes[@]}"; do
    ask_node "${nodes[index]}" "$1" >"$answers/$index" 2>"$answers/$index.error" </dev/null &
    asking+=($!)
    ((index % 64 != 63)) || await_all "${asking[@]}"
  done
  await_all "${asking[@]}"
  for index in "${!nodes[@]}"; do
    note_answer "${nodes[index]}" "$answers/$index" "$1" "$here"
  done
  rm -rf "$answers"
}

# await_all PID…: until they have ended, whatever signals this script gets.
await_all() {
  local process
  for process; do
    while kill -0 "$process" 2>/dev/null; do wait "$process" 2>/dev/null || true; done
  done
}

# note_answer NODE FILE PROGRAM VERSION: what a node's answer means. Its words are another machine's: only what looks as it
# must is used.
note_answer() {
  local key value daemon='' same_prefix='' version='' found='' complete='' missing=()
  node_machine[$1]='' node_problem[$1]=''
  while read -r key value; do
    case $key in
      daemon) daemon=$value ;;
      same-prefix) same_prefix=$value ;;
      version) version=$(mpi_version "$value") ;;
      cores) [[ ! $value =~ ^[1-9][0-9]{0,5}$ ]] || node_cores[$1]=$value ;;
      machine) [[ ! $value =~ ^[[:alnum:]_.[:blank:]-]{1,64}$ ]] || node_machine[$1]=$value ;;
      program) found=$value ;;
      missing) missing+=("${value//[^A-Za-z0-9_.+-]/_}") ;;
      done) complete=yes ;;
    esac
  done <"$2"
  if [[ ! $complete ]]; then
    value=$(tail -n 1 "$2.error" | cut -c 1-300 | tr -d '\r\0')
    node_problem[$1]="does not answer (${value:-no reply within 15 s}): start it or take it out; \`${agent[*]} $1 true\` must work without a password"
  elif [[ ! $daemon && ! $same_prefix ]]; then
    node_problem[$1]="has no orted in the PATH that ssh gives: install openmpi-bin there, or load the module in the shell's start-up file"
  elif [[ $version && $4 && $version != "$4" ]]; then
    node_problem[$1]="has Open MPI $version, this machine $4: install one version everywhere"
  elif [[ ! $found ]]; then
    node_problem[$1]="has no $3: share the folder, or copy it there (cluster/install.sh)"
  elif ((${#missing[@]})); then
    node_problem[$1]="lacks ${missing[*]}: $(packages_of "${missing[@]}")"
  elif [[ ! $daemon ]]; then
    with_prefix=$(dirname "$(dirname "$(command -v orted || command -v prted)")")
  fi
}

# packages_of LIBRARY…: the line that installs Debian's packages for them.
packages_of() {
  local library packages=()
  for library; do
    case $library in
      libswift* | libdispatch* | libBlocksRuntime* | libFoundation* | lib_Foundation*)
        say "that is Swift's runtime; copy a program that needs none there (cluster/install.sh)" && return
        ;;
      GLIBC_* | GLIBCXX_* | CXXABI_*)
        say "its system is older than the one that built the program; build on the oldest node" && return
        ;;
      libopenblas*) packages+=(libopenblas0) ;;
      libmpi* | libopen-rte* | libopen-pal* | libhwloc* | libevent*) packages+=(openmpi-bin) ;;
      libpng16*) packages+=(libpng16-16) ;;
      libjpeg.so.62) packages+=(libjpeg62-turbo) ;;
      libjpeg.so.8) packages+=(libjpeg-turbo8) ;;
      libz.*) packages+=(zlib1g) ;;
      libgfortran* | libquadmath*) packages+=(libgfortran5) ;;
      libstdc++*) packages+=(libstdc++6) ;;
      libgcc_s*) packages+=(libgcc-s1) ;;
      libudev*) packages+=(libudev1) ;;
    esac
  done
  ((${#packages[@]})) || { say "install what brings them" && return; }
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  say "apt-get install --no-install-recommends ${packages[*]}"
}

# Ends with one line for each node that cannot take part.
require_nodes() {
  local node problems=0
  for node in "${nodes[@]}"; do
    [[ ${node_problem[$node]} ]] || continue
    warn "$node of $1 ${node_problem[$node]}"
    problems=1
  done
  ((problems == 0)) || exit "$exit_unavailable"
}
