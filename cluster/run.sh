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
#   --time-limit SECONDS  end the job after this long (exit 124), restarts included. lockstep learns of it and stops itself
#                         with a checkpoint before that (exit 75)
#   --grace SECONDS       how long the ranks may take to write a checkpoint after Ctrl-C or SIGTERM (default 120)
#   --restarts R          after a crash go on from the newest checkpoint, at most R times, until two restarts in a row get
#                         no further. For train with --output DIR; adds --resume auto
#   --oversubscribe       allow more ranks than a node has slots; by itself on one machine, with a warning
#   --dry-run             print the command line and stop
#   -h, --help            this text
#
# Ctrl-C, SIGTERM and SIGHUP ask all ranks to write a checkpoint and to end; a second one, or --grace, ends them at once.
# SIGUSR1 and SIGUSR2 ask the same without a deadline.
#
# LOCKSTEP_BINARY names the program (default: .build/release/lockstep of this repository). OPENBLAS_CORETYPE,
# LD_LIBRARY_PATH and every LOCKSTEP_… variable reach all nodes.
#
# Exit: what lockstep ended with (75: stopped early with a checkpoint); 64 wrong options, 69 program or mpirun missing,
# 124 time limit, 130 Ctrl-C, 128 + n signal n. A crash is any other code than 0, 64, 65, 66, 73, 75, 78, 124 and 130.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { fail "$exit_usage" "$*; see cluster/run.sh --help"; }

# The program, its arguments and the options, checked before anything starts.
parse() {
  ranks='' hostfile='' threads='' bind='' time_limit='' grace=120 restarts=0 oversubscribe=false dry_run=false arguments=()
  while (($#)); do
    # --name=value is --name value
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    case $1 in
      -h | --help) print_help && exit 0 ;;
      --oversubscribe) oversubscribe=true && shift ;;
      --dry-run) dry_run=true && shift ;;
      -n | --hostfile | --threads | --bind | --time-limit | --grace | --restarts)
        (($# > 1)) || usage "$1 needs a value"
        case $1 in
          -n) ranks=$2 ;;
          --hostfile) hostfile=$2 ;;
          --threads) threads=$2 ;;
          --bind) bind=$2 ;;
          --time-limit) time_limit=$2 ;;
          --grace) grace=$2 ;;
          --restarts) restarts=$2 ;;
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
  check_count --grace "$grace"
  [[ $restarts == 0 ]] || check_count --restarts "$restarts"
  [[ ${bind:-core} =~ ^(core|socket|numa|none)$ ]] || usage "--bind $bind: choose core, socket, numa or none"
  [[ -z $hostfile || (-f $hostfile && -r $hostfile) ]] || usage "--hostfile $hostfile: no such file, or not readable"
  agree_on_threads
  ((restarts == 0)) || plan_restarts
  [[ -z $time_limit ]] || announce_end "$time_limit"
  left=$(scheduler_seconds_left)
  [[ ! $left =~ ^[0-9]+$ ]] || announce_end "$left"
}

check_count() { [[ $2 =~ ^[1-9][0-9]{0,6}$ ]] || usage "$1 $2: not a positive whole number"; }

# argument OPTION: its value among lockstep's arguments.
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

# One thread count for mpirun's binding and for the program, named on either side of `--`.
agree_on_threads() {
  local inner
  inner=$(argument --threads)
  [[ -z $threads ]] || check_count --threads "$threads"
  [[ -z $threads || -z $inner || $threads == "$inner" ]] || usage "--threads $threads before --, but $inner behind it"
  if [[ $threads && -z $inner ]]; then arguments+=(--threads "$threads"); fi
  threads=${threads:-${inner:-1}}
  check_count --threads "$threads"
}

# Sets `output`, where checkpoints show how far a run has come, and `resuming`, the arguments of a restart.
plan_restarts() {
  local index
  [[ ${arguments[0]} == train ]] || usage "--restarts $restarts: only train can go on where it was, not ${arguments[0]}"
  output=$(argument --output)
  [[ $output ]] || usage "--restarts $restarts: name the run's directory behind --, as in -- train --output runs/a"
  [[ $(argument --resume) ]] || arguments+=(--resume auto)
  resuming=()
  for ((index = 0; index < ${#arguments[@]}; index++)); do
    case ${arguments[index]} in
      --resume) index=$((index + 1)) ;;
      --resume=*) ;;
      *) resuming+=("${arguments[index]}") ;;
    esac
  done
  resuming+=(--resume auto)
}

# Tells the program that it must have ended in SECONDS, so that it saves in time. An earlier end, from whoever called us,
# stays.
announce_end() {
  local end=$((EPOCHSECONDS + $1))
  if [[ ! ${LOCKSTEP_END_TIME:-} =~ ^[0-9]+$ ]] || ((end < LOCKSTEP_END_TIME)); then
    export LOCKSTEP_END_TIME=$end
  fi
}

# seconds [[H:]M:]S
seconds() {
  local field total=0
  for field in ${1//:/ }; do total=$((total * 60 + 10#$field)); done
  say "$total"
}

# Seconds that the scheduler leaves this job; nothing where it cannot be told. (Slurm: slurm.sbatch asks.)
scheduler_seconds_left() {
  local text limit used
  if [[ ${PBS_JOBID:-} ]]; then # PBS Professional, OpenPBS, Torque
    text=$(qstat -f "$PBS_JOBID" 2>/dev/null) || return 0
    limit=$(sed -n 's/^ *Resource_List.walltime = \([0-9:]*\)$/\1/p' <<<"$text")
    used=$(sed -n 's/^ *resources_used.walltime = \([0-9:]*\)$/\1/p' <<<"$text")
    [[ ! $limit ]] || say $(($(seconds "$limit") - $(seconds "${used:-0}")))
  elif [[ ${LSB_JOBID:-} ]]; then # LSF: hours and minutes, and a letter
    text=$(bjobs -noheader -o time_left "$LSB_JOBID" 2>/dev/null) || return 0
    [[ ! $text =~ ^\ *([0-9]+):([0-9]+) ]] || say $((10#${BASH_REMATCH[1]} * 3600 + 10#${BASH_REMATCH[2]} * 60))
  elif [[ ${SGE_ROOT:-} && ${JOB_ID:-} ]]; then # Grid Engine; the job starts with this script
    text=$(qstat -j "$JOB_ID" 2>/dev/null) || return 0
    limit=$(sed -n 's/^hard resource_list:.*\<h_rt=\([0-9]*\).*/\1/p' <<<"$text")
    [[ ! $limit ]] || say "$limit"
  fi
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

# Ends what is left of session $job on this machine, however mpirun ended, and waits until it is gone.
end_session() {
  local pids attempt
  for ((attempt = 0; attempt < 200; attempt++)); do
    mapfile -t pids < <(session_members "$job")
    ((${#pids[@]})) || return 0
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.05
  done
  warn "not gone 10 s after SIGKILL: process ${pids[*]}"
}

# alarm SECONDS SIGNAL: sends this script a signal later. Ends with it; a group's signals do not reach it.
alarm() {
  # shellcheck disable=SC2016 # the inner shell's variables
  setsid setpriv --pdeathsig KILL bash -c 'setpriv --pdeathsig KILL sleep "$0" && kill -s "$1" "$2"' "$1" "$2" $$ \
    </dev/null &>/dev/null &
  alarms+=($!)
}

# shellcheck disable=SC2317 # traps call this and the next four
# ask SIGNAL: hands it to the job, or to the one that is just starting.
ask() {
  interrupted=true asked=$1
  [[ -z $job ]] || kill -s "$1" "$job" 2>/dev/null || true
}

# shellcheck disable=SC2317
# on_stop NAME NUMBER: asks at the first signal, ends the job at the second.
on_stop() {
  if ((received)); then
    received=$2
    on_patience
    return
  fi
  received=$2
  # At INT or TERM mpirun ends the ranks within 4 s. USR1 it hands on to them, and waits.
  if $with_mpirun; then ask USR1; else ask "$1"; fi
  # (The terminal may be gone.)
  warn "SIG$(kill -l "$2"): asked for a checkpoint and the end, within $grace s; a second one ends the job at once" || true
  alarm "$grace" VTALRM
}
# shellcheck disable=SC2317
on_user() { ask USR1; }
# shellcheck disable=SC2317
on_limit() {
  limited=true
  ask TERM
  alarm 15 VTALRM
}
# shellcheck disable=SC2317
on_patience() {
  interrupted=true asked=KILL
  [[ -z $job ]] || end_session
}

# Runs a command in a session of its own, so that a terminal's Ctrl-C arrives here only and nothing outlives this
# script. Sets `status`.
attend() {
  # bash starts what runs in the background with Ctrl-C ignored; undo that.
  setsid env --default-signal=INT,QUIT setpriv --pdeathsig TERM -- "$@" </dev/null &
  job=$!
  [[ -z $asked ]] || kill -s "$asked" "$job" 2>/dev/null || true # a signal came while there was no job
  while
    interrupted=false status=0
    wait "$job" 2>/dev/null || status=$? # or bash reports a killed job in its own words
    $interrupted # a trap ended the wait, not the job
  do :; done
  end_session
}

# Whether `status` is a failure that a restart may get past: not the command line's, the input's or the user's doing.
has_crashed() {
  case $status in
    0 | 64 | 65 | 66 | 73 | 75 | 78 | 124 | 130) return 1 ;;
    *) [[ -z $asked ]] ;;
  esac
}

# Why the ranks ended, from `status`.
reason() {
  case $status in
    70) printf 'a rank waited in vain (exit 70)' ;;
    205) printf 'a node was lost (exit 205)' ;;
    129 | 13? | 14? | 15?)
      printf 'ended by signal %s (%s) in one of the ranks' $((status - 128)) "$(kill -l $((status - 128)))"
      ((status != 137)) || printf '; out of memory is the usual reason'
      ;;
    *) printf 'exit %s' "$status" ;;
  esac
}

# How far the run has come; nobody asks where there are no restarts.
furthest() { ((restarts == 0)) || newest_checkpoint "$output"; }

# Runs the job, again and again if need be. Sets `status`.
run_with_restarts() {
  local restart=0 in_vain=0 pause=1 first before now
  first=$(furthest)
  now=$first
  while :; do
    before=$now
    attend "${command[@]}" "${arguments[@]}"
    has_crashed && ((restarts)) || return 0
    now=$(furthest)
    if [[ $now != "$before" ]]; then
      in_vain=0 pause=1
    elif ((restart && ++in_vain == 2)); then
      warn "$(reason); two restarts in a row made no progress${now:+ past $now}, so this was the last"
      return 0
    fi
    if ((restart == restarts)); then
      warn "$(reason); all $restarts restarts are used up"
      return 0
    fi
    restart=$((restart + 1))
    warn "$(reason); restart $restart of $restarts in ${LOCKSTEP_BACKOFF_SECONDS:-$pause} s from ${now:-the beginning}"
    attend sleep "${LOCKSTEP_BACKOFF_SECONDS:-$pause}"
    # What was asked for in the pause is done: no rank runs, and the run can go on.
    [[ -z $asked ]] || { status=75 && return 0; }
    pause=$((pause < 32 ? 2 * pause : 60))
    # Until this run has a checkpoint of its own, it starts from where it was told to start.
    if [[ $now != "$first" ]]; then arguments=("${resuming[@]}"); fi
  done
}

# Runs the job to the script's own end.
supervise() {
  job='' asked='' received=0 limited=false alarms=()
  trap 'on_stop INT 2' INT
  trap 'on_stop TERM 15' TERM
  trap 'on_stop TERM 1' HUP
  trap on_user USR1 USR2
  trap on_limit ALRM
  trap on_patience VTALRM
  [[ -z $time_limit ]] || alarm "$time_limit" ALRM
  run_with_restarts
  ((${#alarms[@]} == 0)) || kill -KILL "${alarms[@]}" 2>/dev/null || true
  if $limited && ((status)); then
    warn "ended after the time limit of $time_limit s"
    exit 124
  fi
  if ((received == 2 && status == 75)); then exit 130; fi
  # mpirun answers a signal with 1, whatever the ranks did.
  if ((received && (status == 1 || status > 128))); then exit $((128 + received)); fi
  if ((status > 128 && status < 160 && !restarts)); then warn "$(reason)"; fi
  exit "$status"
}

parse "$@"
find_binary
command=() with_mpirun=false
if ((ranks > 1)) || [[ $hostfile ]]; then
  with_mpirun=true
  check_mpirun
  plan_mpirun
fi
command+=("$binary")
if $dry_run; then
  printf '%q ' "${command[@]}" "${arguments[@]}"
  printf '\n'
  exit 0
fi
supervise
