#!/usr/bin/env bash
# Tests on emulated nodes and a real Slurm: what happens when a node loses its power or its network, when a rank hangs or
# crawls, when a launch is wrong, and whether batch jobs come back.
#
#   cluster/emulated.sh [OPTIONS]
#
#   --only NAME   this test, or those whose names begin so; repeatable
#   --list        the tests, one a line
#   --keep        leave the runs and logs where they are, and say where
#   -h, --help    this text
#
# Nodes are namespaces of this machine: root, Linux, openssh-server, iproute2, util-linux, a C compiler; Slurm's tests need
# slurm-wlm and munge, too. What apt-get can install is installed; what else is missing skips the tests that need it, with
# the reason, and exit 0. The scripts that make nodes (`netcluster`) and Slurm (`slurmcluster`) are looked for in
# LOCKSTEP_EMULATION, then in ../shared/emulated-cluster beside the repository, and run from a copy.
#
# LOCKSTEP_PROGRAM (or LOCKSTEP_BINARY) names the program (default: .build/release/lockstep of this repository).
#
# A line for each test: ok, FAIL or skipped, its name, its seconds, what it is about. Logs follow a FAIL, and what a test
# wants to tell stands behind `|`. Everything is brought down in the end, however it comes. Exit: 0, 1 after any FAIL, 64 wrong
# options, 69 no program.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for part in setup nodes runs faults launches slurm; do
  # shellcheck source=/dev/null
  source "$repository/cluster/emulated-$part.sh"
done

readonly exit_skipped=77

# NAME PART SENTENCE; the function is test_NAME. The order is that of the report.
tests=(
  'two_nodes nodes two ranks on two nodes agree, and repeat bit for bit'
  'private_output nodes only rank 0 writes, and only its node needs the checkpoint'
  'crash nodes a node without power ends the job; it goes on where it was, there or elsewhere'
  'crash_restarts nodes run.sh gets over a node that reboots'
  'crash_remaining nodes run.sh goes on with the nodes that remain'
  'cut nodes a link cut for good ends the job on both sides'
  'cut_briefly nodes a link cut for 5 s changes nothing'
  'mpirun_killed nodes nothing outlives mpirun, on any node'
  'slow_node nodes a node 10 times slower slows the run and changes nothing else'
  'stopped_rank nodes a rank that hangs is named, and the job ended'
  'unreachable_node nodes a hostfile with a node that does not answer is refused by name'
  'other_program nodes different programs on two nodes are refused'
  'little_memory nodes 64 MB of shared memory are enough, with one line'
  'ranks_16 nodes 16 ranks take turns on one machine and agree'
  'ranks_64 nodes 64 ranks start'
  'slurm_sbatch slurm a batch job on two nodes (slurm.sbatch)'
  'slurm_srun slurm a batch job on two nodes by srun (slurm-srun.sbatch)'
  'slurm_array slurm tasks of an array do not mix'
  'slurm_crash slurm a job comes back after its node was lost'
  'slurm_signal slurm an early signal saves, requeues and goes on bit for bit'
)

parse() {
  chosen=() keep=false
  while (($#)); do
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    case $1 in
      -h | --help) print_help || exit; exit 0 ;;
      --list) printf '%s\n' "${tests[@]}" | awk '{ name = $1; sub(/^[^ ]* [^ ]* /, ""); printf "%-18s %s\n", name, $0 }' && exit 0 ;;
      --keep) keep=true ;;
      --only)
        (($# > 1)) || fail "$exit_usage" "--only needs the name of a test; see cluster/emulated.sh --list"
        [[ $(printf '%s\n' "${tests[@]}") =~ (^|$'\n')"$2" ]] ||
          fail "$exit_usage" "--only $2: no such test; see cluster/emulated.sh --list"
        chosen+=("$2") && shift
        ;;
      *) fail "$exit_usage" "unknown option $1; see cluster/emulated.sh --help" ;;
    esac
    shift
  done
}

is_chosen() {
  local name
  ((${#chosen[@]})) || return 0
  for name in "${chosen[@]}"; do [[ $1 != "$name"* ]] || return 0; done
  return 1
}

# report WORD NAME SENTENCE MILLISECONDS
report() {
  printf '%-8s%-18s%4d.%d s  %s\n' "$1" "$2" $(($4 / 1000)) $(($4 % 1000 / 100)) "$3"
  case $1 in ok) passed=$((passed + 1)) ;; FAIL) failed=$((failed + 1)) ;; skipped) skipped=$((skipped + 1)) ;; esac
}

# run_test NAME SENTENCE: on nodes of its own, in a process of its own that gets $longest seconds.
run_test() {
  local begin status=0 output=$scratch/$1.out
  begin=$(milliseconds)
  # Not in a condition: there `set -e` would not hold.
  (set -e && trap - EXIT INT TERM HUP PIPE && "test_$1") &>"$output" </dev/null &
  worker=$!
  while kill -0 "$worker" 2>/dev/null; do
    if (($(milliseconds) - begin > longest * 1000)); then
      say "no end after $longest s" >>"$output"
      kill -KILL "$worker" 2>/dev/null || true
      break
    fi
    sleep 0.05
  done
  wait "$worker" 2>/dev/null || status=$?
  worker=''
  bring_down
  case $status in
    0) report ok "$1" "$2" $(($(milliseconds) - begin)) ;;
    "$exit_skipped") report skipped "$1" "$(tail -n 1 "$output")" $(($(milliseconds) - begin)) ;;
    *)
      report FAIL "$1" "$2" $(($(milliseconds) - begin))
      for log in "$output" "$scratch/$1"*.log; do
        [[ ! -s $log ]] || tail -n 15 "$log" | sed "s/^/  ${log##*/} | /"
      done
      ;;
  esac
  if ((status == 0)); then sed -n 's/^note: /  | /p' "$output"; fi
}

# However this script ends. (Its signals must not cut this short.)
leave() {
  local status=$?
  trap '' INT TERM HUP PIPE
  trap - EXIT
  if [[ $worker ]]; then
    kill -KILL "$worker" 2>/dev/null || true
    wait "$worker" 2>/dev/null || true # or bash reports it
  fi
  bring_down
  if ! $keep && ((failed == 0)); then
    rm -rf "$scratch"
  else
    say "The runs and logs are in $scratch" || true # (nobody may listen any more)
  fi
  exit "$status"
}

parse "$@"
# What the caller's own job, or its settings, would change.
binary=${LOCKSTEP_PROGRAM:-${LOCKSTEP_BINARY:-$repository/.build/release/lockstep}}
for variable in "${!LOCKSTEP_@}" "${!SLURM_@}" "${!OMPI_@}" "${!PMIX_@}" "${!ORTE_@}" PE_HOSTFILE OPENBLAS_CORETYPE; do
  [[ $variable == LOCKSTEP_EMULATION ]] || unset "$variable"
done
[[ -f $binary && -x $binary ]] || fail "$exit_unavailable" "$binary is not an executable program; build it first (cluster/quickstart.sh does)"
export LOCKSTEP_BINARY
LOCKSTEP_BINARY=$(readlink -f "$binary")
passed=0 failed=0 skipped=0 worker='' longest=180
scratch=$(mktemp -d)
scratch=$(readlink -f "$scratch")
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP PIPE
prepare

for row in "${tests[@]}"; do
  read -r name part sentence <<<"$row"
  is_chosen "$name" || continue
  why_not=obstacle_$part
  [[ ! ${!why_not} ]] || { report skipped "$name" "${!why_not}" 0 && continue; }
  run_test "$name" "$sentence"
done
if left=$(what_is_left) && [[ $left ]]; then
  report FAIL left_behind "$left" 0
fi
say "$passed ok, $failed failed, $skipped skipped, in $SECONDS s"
((failed == 0))
