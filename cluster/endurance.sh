#!/usr/bin/env bash
# The endurance test: a run to which everything happens ends with the same bits as one that is left alone.
#
#   cluster/endurance.sh [OPTIONS]
#
#   cluster/endurance.sh --acts 10 --ranks 2
#
#   --acts K         acts at each number of ranks (default 200)
#   --kills K        the same as --acts K --only kill
#   --only KIND      acts of this kind, below; repeatable (default all)
#   --ranks "N …"    numbers of ranks (default "2 4")
#   --iterations I   length of the run (default 1000)
#   --every E        iterations between checkpoints (default 5)
#   --recipe NAME    what to train (default digits)
#   --set KEY=VALUE  a key of the recipe, as for train; repeatable
#   --seed S         of the random acts, moments and victims (default 1)
#   --directory DIR  where the runs go (default a temporary directory, removed when all is well)
#   -h, --help       this text
#
# For each number of ranks: one run undisturbed; then the same run, to which at random moments happens:
#
#   kill        SIGKILL to one rank, all ranks, mpirun, or all of it and run.sh; a third while a checkpoint is written
#   crash       SIGSEGV, ABRT, BUS, ILL, TRAP, FPE or QUIT to a rank
#   stop        SIGTERM, HUP, INT, USR1 or USR2 to run.sh, or to a rank: it saves and ends with 75 (130)
#   pause       a rank, all of them, mpirun or run.sh stands still for up to 2 s
#   unreadable  the newest checkpoint, or all, cannot be opened for one start, which refuses and changes nothing
#   moved       the run directory is moved, and comes back, or another stands in its place until the run has ended
#   full        the disk is full for a while, of a run under way or at its start (root, own mounts)
#   names       an old checkpoint lies there under a later one's name
#   closed      standard output and error are closed, of the ranks or of run.sh, or nobody reads them
#
# What an act ends is started again by run.sh with --resume auto. After each act, within 30 s, the run has ended and nothing of
# it is left (no process, no segment, no folder), or it goes on; each whole checkpoint is there with its bytes, or newer ones
# took its place; every checkpoint can be read; the next start goes on from the newest. In the end the tensors of the last
# checkpoints of both runs are compared bit for bit. A line for each act, a table by kind at the end.
#
# LOCKSTEP_BINARY names the program, as for run.sh. Exit: 0, 1 when anything was not as it must be, 64 wrong options.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
for part in run checks acts; do
  # shellcheck source=/dev/null
  source "$repository/cluster/endurance-$part.sh"
done

readonly all_kinds='kill crash stop pause unreadable moved full names closed'

# shellcheck disable=SC2034 # the parts of this script use it
parse() {
  acts=200 rank_counts='2 4' iterations=1000 every=5 recipe=digits seed=1 directory='' settings=() only=''
  while (($#)); do
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    case $1 in -h | --help) print_help || exit; exit 0 ;; esac
    (($# > 1)) || usage "$1: unknown, or needs a value"
    case $1 in
      --acts) acts=$2 ;;
      --only) only+=" $2" ;;
      --kills) acts=$2 only+=' kill' ;;
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
  check_count --acts "$acts"
  check_count --iterations "$iterations"
  check_count --every "$every"
  check_count --seed "$seed"
  for ranks in $rank_counts; do
    check_count --ranks "$ranks"
    ((ranks > 1)) || usage "--ranks 1: without mpirun there is less to kill; from 2 on"
  done
  read -ra kinds <<<"${only:-$all_kinds}"
  for kind in "${kinds[@]}"; do
    [[ " $all_kinds " == *" $kind "* ]] || usage "--only $kind: no such kind; there are $all_kinds"
  done
}

# have_own_mounts ARGUMENT…: as root starts this script again where its mounts are its own: what others do in shared memory does
# not disturb the count of what is left, and a small disk can be filled.
have_own_mounts() {
  [[ ! ${LOCKSTEP_OWN_MOUNTS:-} ]] || return 0
  ((EUID == 0)) && unshare --mount true 2>/dev/null || return 0
  LOCKSTEP_OWN_MOUNTS=yes exec unshare --mount --propagation private -- "$repository/cluster/endurance.sh" "$@"
}

# prepare: the places of this test. Sets `home`, where the disturbed runs are, and leaves out the kinds that cannot be had here.
# shellcheck disable=SC2034 # the parts of this script use it
prepare() {
  local left=()
  is_temporary=false is_small=false
  if [[ -z $directory ]]; then directory=$(mktemp -d) is_temporary=true; fi
  mkdir -p -- "$directory"
  directory=$(readlink -f -- "$directory")
  [[ -z $(ls -A -- "$directory") ]] || usage "--directory $directory: not empty"
  home=$directory/runs
  # Folders of starts get a place of their own, where that has a short name.
  mkdir "$home" "$directory/tmp"
  export TMPDIR=$directory/tmp
  ((${#TMPDIR} <= 40)) || export TMPDIR=/tmp
  if [[ ${LOCKSTEP_OWN_MOUNTS:-} ]]; then
    mount -t tmpfs -o size=2g none /dev/shm
    if mount -t tmpfs -o size=200m none "$home"; then is_small=true; fi
  fi 2>/dev/null
  unset LOCKSTEP_OWN_MOUNTS
  find_blindness
  for kind in "${kinds[@]}"; do
    case $kind in
      full) $is_small || { say "no act of kind full: this needs root and mounts of its own" && continue; } ;;
    esac
    left+=("$kind")
  done
  ((${#left[@]})) || usage "none of these acts can be had here"
  kinds=("${left[@]}")
  make_wrappers
  residue_before=$(residue)
}

# The whole test at $ranks ranks.
endure() {
  local calm=$directory/$ranks-undisturbed count kind begin
  run=1 completed=false launcher='' deck=()
  hurt=$home/$ranks-disturbed-$run
  finish "$calm"
  duration=$took completed=false
  check_checkpoints "$calm"
  say "$ranks ranks: undisturbed run of $iterations iterations in $((duration / 1000)).$((duration % 1000 / 100)) s"
  for ((count = 1; count <= acts; count++)); do
    draw_kind
    outcome='' took=0 faults_before=$violations
    begin=$(milliseconds)
    snapshot
    "act_$kind"
    check_kept
    totals[$kind]=$((${totals[$kind]:-0} + 1))
    ((took <= ${slowest[$kind]:-0})) || slowest[$kind]=$took
    faults[$kind]=$((${faults[$kind]:-0} + violations - faults_before))
    printf '%s ranks, act %3d: %-10s %-62s after %5d ms, %5d ms in all, newest %s\n' "$ranks" "$count" "$kind" \
      "$outcome" "$took" $(($(milliseconds) - begin)) "$(newest "$hurt")"
    if $completed; then next_run; fi
    ((violations < 20)) || { is_over=true && fail 1 "too much is wrong; the runs are in $(keep_runs)"; }
  done
  if [[ $launcher ]]; then halt; fi
  if ! $completed; then finish "$hurt"; fi
  check_result "$hurt" "$calm"
  check_residue
}

# draw_kind: sets `kind`, so that all come equally often.
draw_kind() {
  ((${#deck[@]})) || deck=("${kinds[@]}")
  random ${#deck[@]}
  # The last checkpoint of a run must find its space.
  if [[ ${deck[drawn]} == full ]] && ((${#deck[@]} > 1)) && ! is_early; then drawn=$(((drawn + 1) % ${#deck[@]})); fi
  kind=${deck[drawn]}
  deck=("${deck[@]:0:drawn}" "${deck[@]:drawn+1}")
}

# next_run: the run is complete before all acts are done: the rest happen to another one.
next_run() {
  check_result "$hurt" "$directory/$ranks-undisturbed"
  rm -rf "$hurt"
  run=$((run + 1)) completed=false kept=()
  hurt=$home/$ranks-disturbed-$run
}

# keep_runs: brings what is on the small disk, which is gone with this test, to where it can be looked at; prints where.
keep_runs() {
  if $is_small; then cp -a "$home" "$directory/runs-kept" 2>/dev/null || true; fi
  say "$directory"
}

have_own_mounts "$@"
parse "$@"
binary=$(readlink -f -- "${LOCKSTEP_BINARY:-$repository/.build/release/lockstep}")
[[ -f $binary && -x $binary ]] || fail "$exit_unavailable" "$binary is not an executable program; build it first"
RANDOM=$seed
ulimit -c 0 # crashes are wanted, their cores are not
# shellcheck disable=SC2034 # the parts of this script use it
violations=0 session='' launcher='' wrong='' program_of_ranks='' identical=0 runs=0 resumed=0 writes=0
# shellcheck disable=SC2034 # the parts of this script use it
declare -A totals slowest faults kept
prepare
is_over=false
hush # bash's words about what was killed
# Its runs end with the test.
leave() {
  local code=$?
  [[ -z $launcher ]] || kill -TERM "$launcher" || true
  $is_over || warn "ended before its time, exit $code, at line ${BASH_LINENO[0]}: $BASH_COMMAND"
}
trap leave EXIT
trap 'exit 130' INT TERM

for ranks in $rank_counts; do endure; done
launcher=''
say ''
say 'kind         acts  violations  slowest/s'
for kind in "${kinds[@]}"; do
  printf '%-11s %5d %11d %8d.%d\n' "$kind" "${totals[$kind]:-0}" "${faults[$kind]:-0}" $((${slowest[$kind]:-0} / 1000)) \
    $((${slowest[$kind]:-0} % 1000 / 100))
done
say "$resumed starts went on from the newest checkpoint; $writes kills while one was written; $identical of $runs runs ended with the undisturbed run's bits"
is_over=true
((violations == 0)) || fail 1 "$violations violations; the runs are in $(keep_runs)"
say 'Nothing was lost.'
if $is_temporary; then
  ! $is_small || umount "$home"
  rm -rf "$directory"
fi
