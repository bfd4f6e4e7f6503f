#!/usr/bin/env bash
# Run Lockstep on several ranks (processes), on this machine or on many.
#
#   cluster/run.sh -n N [OPTIONS] -- LOCKSTEP-ARGUMENTS
#
#   cluster/run.sh -n 2 -- train --recipe digits --output runs/a
#   cluster/run.sh -n 8 --hostfile nodes.txt -- train --recipe digits --output runs/a
#
#   -n N                  ranks in all; 1 runs the program itself, without mpirun
#   --hostfile FILE       nodes, one a line: `node1 slots=4`; they share the file system, and ssh reaches them without a
#                         password. Without it: this machine, or the allocation of the batch job it runs in
#   --threads T           threads and cores per rank (default 1; handed on to lockstep)
#   --bind WHAT           core (default), socket, numa or none: what a rank's threads may not leave. `none` when other
#                         programs use this machine too
#   --time-limit SECONDS  end the job after this long (exit 124)
#   --oversubscribe       allow more ranks than a node has slots; by itself on one machine, with a warning
#   --dry-run             print the command line and stop
#   -h, --help            this text
#
# LOCKSTEP_BINARY names the program (default: .build/release/lockstep of this repository). OPENBLAS_CORETYPE,
# LD_LIBRARY_PATH and every LOCKSTEP_… variable reach all nodes. Ctrl-C ends all ranks; a second one at once.
#
# Exit: what lockstep ended with; 64 wrong options, 69 program or mpirun missing, 124 time limit, 128 + n signal n.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { fail "$exit_usage" "$*; see cluster/run.sh --help"; }

# The program, its arguments and the options, checked before anything starts.
parse() {
  ranks='' hostfile='' threads='' bind='' time_limit='' oversubscribe=false dry_run=false arguments=()
  while (($#)); do
    # --name=value is --name value
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    case $1 in
      -h | --help) print_help && exit 0 ;;
      --oversubscribe) oversubscribe=true && shift ;;
      --dry-run) dry_run=true && shift ;;
      -n | --hostfile | --threads | --bind | --time-limit)
        (($# > 1)) || usage "$1 needs a value"
        case $1 in
          -n) ranks=$2 ;;
          --hostfile) hostfile=$2 ;;
          --threads) threads=$2 ;;
          --bind) bind=$2 ;;
          --time-limit) time_limit=$2 ;;
        esac
        shift 2
        ;;
      --) arguments=("${@:2}") && break ;;
      -*) usage "unknown option $1 (lockstep's own options go behind --)" ;;
      *) usage "unexpected '$1' (lockstep's arguments go behind --)" ;;
    esac
  done
  [[ $ranks ]] || usage "-n N, the number of ranks, is missing"
  check_count -n "$ranks"
  ((${#arguments[@]})) || usage "nothing to run; put lockstep's arguments behind --, for example -- train --recipe digits"
  [[ -z $time_limit ]] || check_count --time-limit "$time_limit"
  [[ ${bind:-core} =~ ^(core|socket|numa|none)$ ]] || usage "--bind $bind: choose core, socket, numa or none"
  [[ -z $hostfile || (-f $hostfile && -r $hostfile) ]] || usage "--hostfile $hostfile: no such file, or not readable"
  agree_on_threads
}

check_count() { [[ $2 =~ ^[1-9][0-9]{0,6}$ ]] || usage "$1 $2: not a positive whole number"; }

# One thread count for mpirun's binding and for the program, named on either side of `--`.
agree_on_threads() {
  local index inner=''
  for index in "${!arguments[@]}"; do
    case ${arguments[index]} in
      --threads) inner=${arguments[index + 1]:-} ;;
      --threads=*) inner=${arguments[index]#*=} ;;
    esac
  done
  [[ -z $threads ]] || check_count --threads "$threads"
  [[ -z $threads || -z $inner || $threads == "$inner" ]] || usage "--threads $threads before --, but $inner behind it"
  if [[ $threads && -z $inner ]]; then arguments+=(--threads "$threads"); fi
  threads=${threads:-${inner:-1}}
  check_count --threads "$threads"
}

find_binary() {
  binary=${LOCKSTEP_BINARY:-$repository/.build/release/lockstep}
  [[ -f $binary && -x $binary ]] ||
    fail "$exit_unavailable" "$binary is not an executable program; build it first (cluster/quickstart.sh does)"
  binary=$(readlink -f "$binary")
}

# Another implementation's mpirun would start N unconnected copies of the program.
check_mpirun() {
  command -v mpirun >/dev/null ||
    fail "$exit_unavailable" "no mpirun in PATH; install openmpi-bin (cluster/quickstart.sh does) or load your cluster's module"
  [[ $(mpirun --version 2>/dev/null) == *"Open MPI"* ]] ||
    fail "$exit_unavailable" "$(command -v mpirun) is not Open MPI's, and Lockstep is built with Open MPI"
}

# Physical cores that this process may use (logical ones where /sys does not tell).
usable_cores() {
  local table
  table=$(lscpu -p=CPU,CORE,SOCKET 2>/dev/null) || {
    nproc
    return
  }
  awk -F, -v list="$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)" '
    BEGIN {
      count = split(list, ranges, ",")
      for (i = 1; i <= count; i++) {
        split(ranges[i], ends, "-")
        for (cpu = ends[1] + 0; cpu <= (ends[2] == "" ? ends[1] : ends[2]) + 0; cpu++) usable[cpu] = 1
      }
    }
    !/^#/ && (($1 + 0) in usable) && !(($2, $3) in seen) { seen[$2, $3]; cores++ }
    END { print cores + 0 }' <<<"$table"
}

# Sets `command`, from what parse found. cluster/README.md has the measurement behind each setting.
plan_mpirun() {
  local cores variable wanted=$((ranks * threads))
  command=(mpirun -n "$ranks")
  if [[ $hostfile ]]; then command+=(--hostfile "$hostfile"); fi

  if [[ -z $hostfile && -z ${SLURM_JOB_ID:-} && -z ${PE_HOSTFILE:-} ]]; then
    # One machine: everything that mpirun would explain at length is known here already. (With more nodes its
    # explanations stay: a lost node is one of them.)
    command+=(-q)
    cores=$(usable_cores)
    if ((wanted > cores)); then
      $oversubscribe || $dry_run ||
        warn "$ranks ranks x $threads threads on $cores cores: they take turns, unbound; good for a trial, not for speed"
      oversubscribe=true
    fi
    # Open MPI would bind to cores outside of the part of the machine that taskset or a container left us.
    if (($(nproc) < $(nproc --all))); then bind=${bind:-none}; fi
  fi

  if $oversubscribe; then
    # Ranks that share a core must give it up while they wait, else a small reduction takes milliseconds.
    command+=(--oversubscribe --mca mpi_yield_when_idle 1)
    bind=${bind:-none}
  fi
  case ${bind:-core} in
    core) command+=(--map-by "slot:PE=$threads") ;;
    *) command+=(--map-by slot --bind-to "$bind") ;;
  esac
  # A node that is gone without a word ends the job in 10 to 13 s instead of never.
  command+=(--mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3)
  # Under mpirun every rank's standard output looks like a terminal; only this script knows whether it is one.
  export LOCKSTEP_TERMINAL=no
  if [[ -t 1 ]]; then LOCKSTEP_TERMINAL=yes; fi
  for variable in OPENBLAS_CORETYPE LD_LIBRARY_PATH "${!LOCKSTEP_@}"; do
    if [[ -v $variable ]]; then command+=(-x "$variable"); fi
  done
  if [[ $EUID -eq 0 ]]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}

# Ends what is left of session $job on this machine, however mpirun ended.
end_session() {
  local file line fields pids=()
  for file in /proc/[0-9]*/stat; do
    { IFS= read -r line <"$file"; } 2>/dev/null || continue # it ended meanwhile
    read -ra fields <<<"${line##*) }"                       # state, parent, group, session
    if [[ ${fields[3]} == "$job" && ${fields[0]} != Z ]]; then pids+=("${line%% *}"); fi
  done
  ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null || true
}

# shellcheck disable=SC2317 # traps call it
# on_signal NAME NUMBER: hands the first one to the job, ends the job at the second.
on_signal() {
  interrupted=true
  if ((received)); then end_session; else kill -s "$1" "$job" 2>/dev/null || true; fi
  received=$2
}

# Runs `command` in a session of its own, so that a terminal's Ctrl-C arrives once and nothing outlives this script.
supervise() {
  local status
  received=0
  if [[ $time_limit ]]; then command=(timeout --foreground --kill-after=15 "$time_limit" "${command[@]}"); fi
  # bash starts what runs in the background with Ctrl-C ignored; undo that.
  setsid env --default-signal=INT,QUIT setpriv --pdeathsig TERM -- "${command[@]}" </dev/null &
  job=$!
  trap 'on_signal INT 2' INT
  trap 'on_signal TERM 15' TERM
  trap 'on_signal TERM 1' HUP
  for name in USR1 USR2; do
    # shellcheck disable=SC2064 # the name of now
    trap "interrupted=true; kill -s $name \$job 2>/dev/null || true" "$name"
  done
  while
    interrupted=false status=0
    wait "$job" 2>/dev/null || status=$? # or bash reports a killed job in its own words
    $interrupted # a trap ended the wait, not the job
  do :; done
  end_session
  # mpirun answers a signal with 1, whatever the ranks did.
  if ((received && (status == 1 || status > 128))); then status=$((128 + received)); fi
  case $status in
    124) [[ -z $time_limit ]] || warn "ended after the time limit of $time_limit s" ;;
    129 | 13? | 14? | 15?)
      ((received)) || warn "ended by signal $((status - 128)) ($(kill -l $((status - 128)))) in one of the ranks$(
        ((status != 137)) || printf '; out of memory is the usual reason'
      )"
      ;;
  esac
  exit "$status"
}

parse "$@"
find_binary
command=()
if ((ranks > 1)) || [[ $hostfile ]]; then
  check_mpirun
  plan_mpirun
fi
command+=("$binary" "${arguments[@]}")
if $dry_run; then
  printf '%q ' "${command[@]}"
  printf '\n'
  exit 0
fi
supervise
