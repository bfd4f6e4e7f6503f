#!/usr/bin/env bash
# Run Lockstep on several ranks (processes), on this machine or on many.
#
#   cluster/run.sh -n N [OPTIONS] -- LOCKSTEP-ARGUMENTS     (the program's name in front of them is not needed)
#
#   cluster/run.sh -n 2 -- train --recipe digits --output runs/a
#   cluster/run.sh -n 8 --hostfile nodes.txt -- train --recipe digits --output runs/a
#
#   -n N                  ranks in all; 1 runs the program itself, without mpirun
#   --hostfile FILE       nodes, one a line: `node1 slots=4`; they share the file system, and ssh reaches them without a
#                         password. Without it: this machine, or the allocation of the batch job it runs in. A node that
#                         does not answer, or lacks something, is named before anything starts
#   --network WHAT        the interface or network that ranks talk over, such as eth0 or 10.1.0.0/16, where nodes have several
#   --threads T           threads and cores per rank (default 1; handed on to lockstep)
#   --bind WHAT           core (default), socket, numa or none: what a rank's threads may not leave. `none` when other
#                         programs use this machine too
#   --time-limit SECONDS  end the job after this long (exit 124), restarts included. lockstep learns of it and stops itself
#                         with a checkpoint before that (exit 75)
#   --grace SECONDS       how long the ranks may take to write a checkpoint after Ctrl-C or SIGTERM (default 120)
#   --restarts R          after a crash go on from the newest checkpoint, at most R times, until two restarts in a row get
#                         no further. For train with --output DIR; adds --resume auto. Nodes of the hostfile that do not
#                         answer are left out, with fewer ranks, until they do
#   --oversubscribe       allow more ranks than a node has slots; by itself on one machine, with a warning
#   --program PATH        the program, under the same path on all nodes (default: LOCKSTEP_BINARY, then
#                         .build/release/lockstep of this repository, then what install.sh put beside these scripts)
#   --dry-run             print the command line and stop
#   -h, --help            this text
#
# Ctrl-C, SIGTERM and SIGHUP ask all ranks to write a checkpoint and to end; a second one, or --grace, ends them at once.
# SIGUSR1 and SIGUSR2 ask the same without a deadline.
#
# OPENBLAS_CORETYPE, LD_LIBRARY_PATH and every LOCKSTEP_… variable reach all nodes.
#
# Exit: what lockstep ended with (75: stopped early with a checkpoint); 64 wrong options, 69 a node, program or mpirun
# missing, 124 time limit, 130 Ctrl-C, 128 + n signal n. A crash is any other code than 0, 64, 65, 66, 71, 73, 75, 78, 124
# and 130, and 205 (a node was lost) where a scheduler chose the nodes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=batch.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/batch.sh"
# shellcheck source=nodes.sh
source "$repository/cluster/nodes.sh"
# shellcheck source=leftovers.sh
source "$repository/cluster/leftovers.sh"
# shellcheck source=launch.sh
source "$repository/cluster/launch.sh"

# The program, its arguments and the options, checked before anything starts.
parse() {
  scratch='' segments='' ranks='' hostfile='' network='' threads='' bind='' time_limit='' grace=120 restarts=0 oversubscribe=false dry_run=false arguments=()
  while (($#)); do
    # --name=value is --name value
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    case $1 in
      -h | --help) print_help || exit; exit 0 ;;
      --oversubscribe) oversubscribe=true && shift ;;
      --dry-run) dry_run=true && shift ;;
      -n | --hostfile | --network | --program | --threads | --bind | --time-limit | --grace | --restarts)
        (($# > 1)) || usage "$1 needs a value"
        case $1 in
          -n) ranks=$2 ;;
          --hostfile) hostfile=$2 ;;
          --network) network=$2 ;;
          --program) LOCKSTEP_BINARY=$2 ;;
          --threads) threads=$2 ;;
          --bind) bind=$2 ;;
          --time-limit) time_limit=$2 ;;
          --grace) grace=$2 ;;
          --restarts) restarts=$2 ;;
        esac
        shift 2
        ;;
      --) arguments=("${@:2}") && break ;;
      -*) usage "unknown option $1$(similar_option "$1") (lockstep's own options go behind --)" ;;
      # A command, or the program: nothing of ours can follow.
      [a-z]* | */*) arguments=("$@") && break ;;
      *) usage "unexpected '$1' (lockstep's arguments go behind --)" ;;
    esac
  done
  take_program
  [[ $ranks ]] || usage "-n N, the number of ranks, is missing"
  check_count -n "$ranks"
  ((${#arguments[@]})) || usage "nothing to run; put lockstep's arguments behind --, for example -- train --recipe digits"
  [[ -z $time_limit ]] || check_count --time-limit "$time_limit"
  check_count --grace "$grace"
  [[ $restarts == 0 ]] || check_count --restarts "$restarts"
  [[ ${bind:-core} =~ ^(core|socket|numa|none)$ ]] || usage "--bind $bind: choose core, socket, numa or none"
  [[ -z $network || $network =~ ^[A-Za-z0-9][A-Za-z0-9_.:,/@-]*$ ]] ||
    usage "--network $network: an interface such as eth0, or a network such as 10.1.0.0/16; commas between several"
  [[ ${LOCKSTEP_BACKOFF_SECONDS:-1} =~ ^[0-9]{1,6}(\.[0-9]{1,3})?$ ]] ||
    usage "LOCKSTEP_BACKOFF_SECONDS is '$LOCKSTEP_BACKOFF_SECONDS', not a number of seconds"
  [[ -z $hostfile || (-f $hostfile && -r $hostfile) ]] || usage "--hostfile $hostfile: no such file, or not readable"
  agree_on_threads
  ((restarts == 0)) || plan_restarts
  [[ -z $time_limit ]] || announce_end "$time_limit"
  left=$(scheduler_seconds_left)
  [[ ! $left =~ ^[0-9]+$ ]] || announce_end "$left"
}

# similar_option OPTION: what was probably meant, in words: mpirun's, srun's and Horovod's names of our options, abbreviations
# and slips of the keyboard; nothing where we do not know.
similar_option() {
  local name=${1##-} known
  name=${name#-}
  known=$(awk -v name="$name" \
    -v names='n hostfile network threads bind time-limit grace restarts oversubscribe program dry-run help' '
    # The fewest letters to insert, delete, replace or swap with a neighbour.
    function distance(a, b,   i, j, d, cost, best) {
      for (i = 0; i <= length(a); i++) d[i, 0] = i
      for (j = 0; j <= length(b); j++) d[0, j] = j
      for (i = 1; i <= length(a); i++)
        for (j = 1; j <= length(b); j++) {
          cost = substr(a, i, 1) != substr(b, j, 1)
          best = d[i - 1, j - 1] + cost
          if (d[i - 1, j] + 1 < best) best = d[i - 1, j] + 1
          if (d[i, j - 1] + 1 < best) best = d[i, j - 1] + 1
          if (i > 1 && j > 1 && substr(a, i, 1) == substr(b, j - 1, 1) && substr(a, i - 1, 1) == substr(b, j, 1) &&
            d[i - 2, j - 2] + 1 < best) best = d[i - 2, j - 2] + 1
          d[i, j] = best
        }
      return d[length(a), length(b)]
    }
    BEGIN {
      split("np=n N=n c=n ntasks=n ranks=n num-proc=n processes=n machinefile=hostfile hosts=hostfile host=hostfile " \
        "H=hostfile f=hostfile nodefile=hostfile nodes=hostfile interface=network iface=network network-interface=network " \
        "cpus-per-task=threads cpus-per-rank=threads t=threads bind-to=bind timeout=time-limit time=time-limit " \
        "max-restarts=restarts retries=restarts overcommit=oversubscribe binary=program", pairs, " ")
      for (i in pairs) { split(pairs[i], pair, "="); meant[pair[1]] = pair[2] }
      if (name in meant) { print meant[name]; exit }
      if (name ~ /^n[0-9]+$/) { print "n " substr(name, 2); exit }
      count = split(names, all, " ")
      for (i = 1; i <= count; i++) if (length(name) > 2 && index(all[i], name) == 1) { print all[i]; exit }
      least = length(name) < 6 ? 2 : 3
      for (i = 2; i <= count; i++) if (length(name) > 2 && distance(name, all[i]) < least) { least = distance(name, all[i]); found = all[i] }
      if (found) print found
    }')
  case $known in
    '') ;;
    n | n\ *) printf '; did you mean -%s?' "$known" ;;
    *) printf '; did you mean --%s?' "$known" ;;
  esac
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

# Ends what is left of session $job on this machine, however mpirun ended, and waits until it is gone.
end_session() {
  local pids attempt
  for ((attempt = 0; attempt < 200; attempt++)); do
    mapfile -t pids < <(session_members "$job")
    ((${#pids[@]})) || return 0
    kill -KILL "${pids[@]}" || true
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
  [[ -z $job ]] || kill -s "$1" "$job" || true
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
  setsid env --default-signal=INT,QUIT setpriv --pdeathsig TERM -- "$@" </dev/null 2>&"$spoken" {spoken}>&- &
  job=$!
  [[ -z $asked ]] || kill -s "$asked" "$job" || true # a signal came while there was no job
  while
    interrupted=false status=0
    wait "$job" || status=$?
    $interrupted # a trap ended the wait, not the job
  do :; done
  end_session
}

# Whether `status` is a failure that a restart may get past: not the command line's, the input's or the user's doing.
has_crashed() {
  case $status in
    0 | 64 | 65 | 66 | 71 | 73 | 75 | 78 | 124 | 130) return 1 ;;
    205) [[ $hostfile && -z $asked ]] ;; # only the scheduler can give other nodes
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

# Before a restart: leaves out nodes that do not answer and takes back those that do again. Sets `command`, `any_node`.
choose_nodes() {
  local node before=$left_out taking=()
  job='' left_out=''
  ask_nodes "$binary"
  for node in "${nodes[@]}"; do
    if [[ ${node_problem[$node]} ]]; then left_out+="${left_out:+, }$node"; else taking+=("$node"); fi
  done
  any_node=true
  if ((${#taking[@]} == 0)); then
    any_node=false
    warn "none of the ${#nodes[@]} nodes can take part: ${nodes[0]} ${node_problem[${nodes[0]}]}"
    return
  fi
  place_on "${taking[@]}"
  keep_nodes "$scratch/nodes" "${taking[@]}" >"$scratch/hosts"
  plan_mpirun "$scratch/hosts" "${taking[@]}"
  [[ $left_out != "$before" ]] || return 0
  if [[ ! $left_out ]]; then
    warn "all nodes answer again: $running ranks on ${#taking[@]} nodes"
    return
  fi
  for node in "${nodes[@]}"; do
    [[ ! ${node_problem[$node]} ]] || warn "$node ${node_problem[$node]}"
  done
  warn "going on without $left_out: $running of $ranks ranks, on ${taking[*]}"
}

# Runs the job, again and again if need be. Sets `status`.
run_with_restarts() {
  local restart=0 in_vain=0 pause=1 first before now
  first=$(furthest)
  now=$first
  while :; do
    before=$now
    # Without a node there is nothing to start: a try in vain.
    if $any_node; then attend "${command[@]}" "${arguments[@]}"; else status=205; fi
    has_crashed && ((restarts)) || return 0
    now=$(furthest)
    if [[ $now != "$before" ]]; then
      in_vain=0 pause=1
    elif $any_node && ((restart && ++in_vain == 2)); then
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
    if $asks_nodes; then choose_nodes; fi
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
  hush
  [[ -z $time_limit ]] || alarm "$time_limit" ALRM
  run_with_restarts
  if ((${#alarms[@]})); then
    kill -KILL "${alarms[@]}" || true
  fi
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

# Sets `command`. What would fail on a node is found here, and said in one line for each.
plan() {
  find_binary
  local argument
  command=("$binary") with_mpirun=false asks_nodes=false any_node=true left_out='' advised='' running=$ranks
  if ((ranks == 1)) && [[ ! $hostfile ]]; then
    export LOCKSTEP_ALONE=yes # as asked, whatever the allocation has
    return
  fi
  with_mpirun=true
  check_mpirun
  for argument in "${arguments[@]}"; do
    # mpirun would take what follows for another program and its options.
    [[ $argument != : ]] || usage "an argument ':' has a meaning of its own to mpirun; name it otherwise, such as ./:"
  done
  if [[ $hostfile ]] || ! $dry_run; then make_folders; fi
  if [[ ! $hostfile ]]; then
    plan_mpirun ''
    return
  fi
  # What is checked is what mpirun gets, whatever becomes of the file meanwhile.
  clean_hostfile "$hostfile" >"$scratch/nodes"
  read_hostfile "$scratch/nodes" "--hostfile $hostfile"
  ((${#nodes[@]})) || usage "--hostfile $hostfile: names no node"
  if $dry_run; then
    plan_mpirun "$hostfile"
  elif find_agent; then
    asks_nodes=true
    ask_nodes "$binary"
    require_nodes "$hostfile"
    place_on "${nodes[@]}"
    plan_mpirun "$scratch/nodes" "${nodes[@]}"
  else
    plan_mpirun "$scratch/nodes"
  fi
}
parse "$@"
plan
if $dry_run; then
  printf '%q ' "${command[@]}" "${arguments[@]}"
  printf '\n'
  exit 0
fi
supervise
