#!/usr/bin/env bash
# The kill test: a run that is killed again and again ends with the same bits as one that is left alone.
#
#   cluster/endurance.sh [OPTIONS]
#
#   cluster/endurance.sh --kills 10 --ranks 2
#
#   --kills K        kills at each number of ranks (default 200)
#   --ranks "N …"    numbers of ranks (default "2 4")
#   --iterations I   length of the run (default 500)
#   --every E        iterations between checkpoints (default 3)
#   --recipe NAME    what to train (default digits)
#   --set KEY=VALUE  a key of the recipe, as for train; repeatable
#   --seed S         of the random moments and victims (default 1)
#   --directory DIR  where the runs go (default a temporary directory, removed when all is well)
#   -h, --help       this text
#
# For each number of ranks: one run undisturbed; then the same run, of which at random moments one rank, all ranks or
# mpirun get SIGKILL, a third of them in the middle of writing a checkpoint, and which run.sh then starts again with
# --resume auto. After each kill: nothing of the run is left within 10 s, `lockstep inspect` can read every checkpoint, and
# the next start went on from the newest. In the end the tensors of the last checkpoints of both runs are compared bit
# for bit. A line for each kill, a table at the end.
#
# LOCKSTEP_BINARY names the program, as for run.sh. Exit: 0, 1 when anything was not as it must be, 64 wrong options.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { fail "$exit_usage" "$*; see cluster/endurance.sh --help"; }
check_count() { [[ $2 =~ ^[1-9][0-9]{0,6}$ ]] || usage "$1 $2: not a positive whole number"; }

parse() {
  kills=200 rank_counts='2 4' iterations=500 every=3 recipe=digits seed=1 directory='' settings=()
  while (($#)); do
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    case $1 in -h | --help) print_help || exit; exit 0 ;; esac
    (($# > 1)) || usage "$1: unknown, or needs a value"
    case $1 in
      --kills) kills=$2 ;;
      --ranks) rank_counts=${2//,/ } ;;
      --iterations) iterations=$2 ;;
      --every) every=$2 ;;
      --recipe) recipe=$2 ;;
      --set) settings+=(--set "$2") ;;
      --seed) seed=$2 ;;
      --directory) directory=$2 ;;
      *) usage "unknown option $1" ;;
    esac
    shift 2
  done
  check_count --kills "$kills"
  check_count --iterations "$iterations"
  check_count --every "$every"
  check_count --seed "$seed"
  for ranks in $rank_counts; do
    check_count --ranks "$ranks"
    ((ranks > 1)) || usage "--ranks 1: without mpirun there is less to kill; from 2 on"
  done
}

milliseconds() {
  local now=${EPOCHREALTIME/[.,]/}
  printf '%s' $((now / 1000))
}

# random BELOW: sets `drawn`. (A subshell would not move RANDOM on.)
random() { drawn=$(((RANDOM << 15 | RANDOM) % $1)); }

violation() {
  violations=$((violations + 1))
  warn "VIOLATION: $*"
  if [[ -s ${log:-} ]]; then
    tail -n 5 "$log" | sed 's/^/  | /' >&2
    cp "$log" "$directory/violation-$violations.log"
  fi
}

# start DIR: the run, under run.sh, in the background. Sets `launcher` and `log`.
start() {
  log=$1.log
  LOCKSTEP_BINARY=$binary "$repository/cluster/run.sh" -n "$ranks" --bind none -- train --recipe "$recipe" \
    --iterations "$iterations" --set checkpoint.every="$every" --set evaluation.every=0 --set evaluation.samples=16 \
    --set evaluation.classifierIterations=0 "${settings[@]}" --output "$1" --resume auto &>"$log" </dev/null &
  launcher=$!
}

# The parts of a started run, as far as they exist: mpirun leads the session that run.sh makes.
find_mpirun() {
  local pid
  for pid in $(<"/proc/$launcher/task/$launcher/children"); do
    [[ ! $(readlink "/proc/$pid/exe") =~ /(mpirun|orterun|prterun)$ ]] || say "$pid"
  done 2>/dev/null || true
}
find_ranks() {
  local pid
  for pid in $(session_members "$1"); do
    [[ $(readlink "/proc/$pid/exe") != "$binary" ]] || say "$pid"
  done 2>/dev/null || true
}

# What a checkpoint that is being written is called.
partials() { compgen -G "$1/checkpoints/.*.partial" || true; }

# Whether a checkpoint is being written right now. What earlier kills left half-written, in `stale`, does not count.
is_writing() {
  local file
  for file in "$1"/checkpoints/.*.partial; do
    [[ ! -e $file || $'\n'$stale$'\n' == *$'\n'"$file"$'\n'* ]] || return 0
  done
  return 1
}

# Waits, 1 s at most, until a checkpoint is being written.
await_write() {
  local end=$(($(milliseconds) + 1000))
  until is_writing "$1" || ((${EPOCHREALTIME/[.,]/} / 1000 > end)); do :; done
}

# strike DIR WHEN: kills a random part of the run, when it is writing if WHEN is 0. Sets `victim` and `session`.
strike() {
  local mpirun='' found=() writing='' pick
  random 3
  pick=$drawn
  # (In its first moments run.sh has not started it yet.)
  until [[ $mpirun ]] || ! kill -0 "$launcher" 2>/dev/null; do mpirun=$(find_mpirun); done
  session=$mpirun
  mapfile -t found < <(find_ranks "$mpirun")
  ((${#found[@]})) || pick=2
  random $((${#found[@]} + 1))
  if ((!$2 && ${#found[@]})); then await_write "$1"; fi
  if is_writing "$1"; then writing=', writing' writes=$((writes + 1)); fi
  case $pick in
    0) victim='one rank' && kill -KILL "${found[drawn % ${#found[@]}]}" ;;
    1) victim='all ranks' && kill -KILL "${found[@]}" ;;
    2) victim=mpirun && kill -KILL "$mpirun" ;;
  esac 2>/dev/null || victim='nothing any more'
  victim+=$writing
}

# left DIR: processes of the session, or whose command line names the run.
left() {
  local file
  [[ -z $session ]] || session_members "$session"
  for file in /proc/[0-9]*/cmdline; do
    if tr '\0' '\n' <"$file" | grep -qxF -- "$1"; then file=${file#/proc/} && say "${file%%/*}"; fi
  done 2>/dev/null || true
}

# check_end DIR: the run ends within 10 s of the kill and leaves nothing. Sets `took` (ms) and `status`.
check_end() {
  local begin pids
  begin=$(milliseconds)
  while
    mapfile -t pids < <(left "$1")
    ((${#pids[@]} && $(milliseconds) - begin < 10000))
  do sleep 0.1; done
  took=$(($(milliseconds) - begin))
  ((took <= slowest)) || slowest=$took
  if ((${#pids[@]})); then
    violation "10 s after the kill there are still processes ${pids[*]}"
    kill -KILL "${pids[@]}" 2>/dev/null || true
  fi
  status=0
  wait "$launcher" 2>/dev/null || status=$?
}

# check_checkpoints DIR: inspect lists the run and reads every checkpoint.
check_checkpoints() {
  local file
  [[ $(newest_checkpoint "$1") ]] || return 0
  for file in "$1" "$1"/checkpoints/*.safetensors; do
    "$binary" inspect "$file" &>"$1.inspect" || violation "inspect ${file##*/}: $(grep -v OPENBLAS "$1.inspect" | tail -n 1)"
  done
}

# check_resume DIR BEFORE: if the life that just ended got anywhere, it went on from the checkpoint that was there.
check_resume() {
  local now
  now=$(newest_checkpoint "$1")
  [[ $2 && $now != "$2" ]] || return 0
  if [[ $now < $2 ]]; then
    violation "$2 is gone, the newest is ${now:-none}"
  elif grep -qF -- "$2.safetensors" "$log"; then
    resumed=$((resumed + 1))
  elif [[ $victim != mpirun* ]] || grep -qv '^run.sh:' "$log"; then # what mpirun had no time to hand on says nothing
    violation "did not go on from $2, but wrote $now (killed: $victim)"
  fi
}

# same_tensors FILE FILE: prints what differs; the metadata may.
same_tensors() {
  if command -v python3 >/dev/null; then
    python3 - "$@" <<'PYTHON'
import json, struct, sys

def tensors(path):
    content = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return {
        name: (entry["dtype"], entry["shape"], content[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]])
        for name, entry in header.items()
    }

first, second = map(tensors, sys.argv[1:])
differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
if differing:
    sys.exit(f"{len(differing)} of {len(first)} tensors differ, the first is {differing[0]}")
PYTHON
  else
    cmp <(tail -c "+$(($(header_length "$1") + 9))" "$1") <(tail -c "+$(($(header_length "$2") + 9))" "$2")
  fi
}
header_length() { od -A n -t u8 --endian=little -N 8 "$1" | tr -d ' '; }

# check_result DIR UNDISTURBED
check_result() {
  local difference name
  name=$(newest_checkpoint "$1")
  if [[ $name != "$(newest_checkpoint "$2")" ]]; then
    violation "the last checkpoint is ${name:-none}, that of the undisturbed run $(newest_checkpoint "$2")"
  elif ! difference=$(same_tensors {"$1","$2"}/checkpoints/"$name.safetensors" 2>&1); then
    violation "not the undisturbed run's bits: $difference"
  else
    identical=$((identical + 1))
    say "$ranks ranks: $name of ${1##*/} equals the undisturbed run's bit for bit"
  fi
}

# life DIR LONGEST: one start of the run and the kill that ends it, at most LONGEST ms later. False once the run is complete.
life() {
  local begin delay before
  before=$(newest_checkpoint "$1")
  stale=$(partials "$1")
  random "$2"
  delay=$drawn
  random 3
  begin=$(milliseconds)
  start "$1"
  sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
  strike "$1" "$drawn"
  delay=$(($(milliseconds) - begin))
  check_end "$1"
  check_resume "$1" "$before"
  if ((status == 0)); then return 1; fi
  if [[ $victim == nothing* ]]; then
    violation "the run ended by itself, with exit $status"
    return 0
  fi
  done_kills=$((done_kills + 1))
  check_checkpoints "$1"
  printf '%s ranks, kill %3d: after %5d ms, %-21s exit %d, all gone in %5d ms, newest %s\n' \
    "$ranks" "$done_kills" "$delay" "$victim," "$status" "$took" "$(newest_checkpoint "$1")"
}

# Runs to the end without kills. Sets `status`, `took`.
finish() {
  local begin before
  begin=$(milliseconds)
  before=$(newest_checkpoint "$1")
  victim=none
  start "$1"
  status=0
  wait "$launcher" || status=$?
  took=$(($(milliseconds) - begin))
  ((status == 0)) || violation "${1##*/}: exit $status without a kill"
  check_resume "$1" "$before"
}

# The whole test at $ranks ranks.
endure() {
  local calm=$directory/$ranks-undisturbed hurt duration longest run=1
  finish "$calm"
  duration=$took
  check_checkpoints "$calm"
  say "$ranks ranks: undisturbed run of $iterations iterations in $((duration / 1000)) s"
  # The time to start up, and twice the share of the run that one life may get through so that all fit into one run.
  longest=$((1500 * ranks / 2 + 2 * duration / kills))
  done_kills=0
  hurt=$directory/$ranks-disturbed-$run
  while ((done_kills < kills)); do
    if ! life "$hurt" "$longest"; then # complete before all kills are done: the rest happen to another one
      check_result "$hurt" "$calm"
      run=$((run + 1))
      hurt=$directory/$ranks-disturbed-$run
    fi
    ((violations < 20)) || fail 1 "too much is wrong; the runs are in $directory"
  done
  finish "$hurt"
  check_result "$hurt" "$calm"
  table+=("$(printf '%5d %6d %6d %9d %8d %10d %12d.%d' "$ranks" "$done_kills" "$writes" "$resumed" "$run" "$identical" \
    $((slowest / 1000)) $((slowest % 1000 / 100)))")
}

parse "$@"
binary=$(readlink -f "${LOCKSTEP_BINARY:-$repository/.build/release/lockstep}")
[[ -f $binary && -x $binary ]] || fail "$exit_unavailable" "$binary is not an executable program; build it first"
RANDOM=$seed
violations=0 session='' table=() launcher='' is_temporary=false
if [[ -z $directory ]]; then directory=$(mktemp -d) is_temporary=true; fi
mkdir -p "$directory"
directory=$(readlink -f "$directory")
[[ -z $(ls -A "$directory") ]] || usage "--directory $directory: not empty"
# Its runs end with the test.
trap '[[ -z $launcher ]] || kill -TERM "$launcher" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

for ranks in $rank_counts; do
  writes=0 resumed=0 slowest=0 identical=0
  endure
done
launcher=''
say ''
say 'ranks  kills writing continued     runs  identical  slowest end/s'
printf '%s\n' "${table[@]}"
((violations == 0)) || fail 1 "$violations violations; the runs are in $directory"
say 'Nothing was lost.'
if $is_temporary; then rm -rf "$directory"; fi
