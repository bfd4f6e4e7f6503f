#!/usr/bin/env bash
# Tests of the launch scripts with a stand-in for lockstep; test.sh runs it. Takes some seconds, needs mpirun.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A batch job around these tests must not change what they see.
for variable in "${!LOCKSTEP_@}" "${!SLURM_@}" PE_HOSTFILE OPENBLAS_CORETYPE; do
  unset "$variable"
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The stand-in says who it is, waits and ends as it is told.
cat >"$scratch/lockstep" <<'PROGRAM'
#!/usr/bin/env bash
echo "rank ${OMPI_COMM_WORLD_RANK:-alone} of ${OMPI_COMM_WORLD_SIZE:-1}: $*"
echo "$$" >"$LOCKSTEP_SCRATCH/pid.${OMPI_COMM_WORLD_RANK:-alone}"
[[ ${LOCKSTEP_SLEEP:-} ]] && exec sleep "$LOCKSTEP_SLEEP"
exit "${LOCKSTEP_EXIT:-0}"
PROGRAM
chmod +x "$scratch/lockstep"
printf 'node1 slots=2\nnode2 slots=2\n' >"$scratch/hosts"
export LOCKSTEP_BINARY=$scratch/lockstep LOCKSTEP_SCRATCH=$scratch
run=$repository/cluster/run.sh passed=0

# check SENTENCE STATUS PATTERN COMMAND…: the command ends with STATUS, and its output matches PATTERN.
check() {
  local sentence=$1 status=$2 pattern=$3 output actual=0
  shift 3
  output=$(timeout 60 "$@" 2>&1 </dev/null) || actual=$?
  if ((actual != status)) || ! grep -qE -- "$pattern" <<<"$output"; then
    printf '%s\n' "$output" >&2
    fail 1 "failed: $sentence (exit $actual, expected $status and /$pattern/)"
  fi
  passed=$((passed + 1))
}

check "help names the options" 0 '--hostfile FILE' "$run" --help
check "the number of ranks is asked for" 64 'number of ranks, is missing' "$run" -- train
check "zero ranks are refused" 64 'not a positive whole number' "$run" -n 0 -- train
check "an unknown option is refused" 64 'unknown option --frobnicate' "$run" -n 2 --frobnicate -- train
check "arguments without -- are refused" 64 "go behind --" "$run" -n 2 train
check "nothing to run is refused" 64 'nothing to run' "$run" -n 2
check "a missing hostfile is refused" 64 'no such file' "$run" -n 2 --hostfile "$scratch/none" -- train
check "two thread counts are refused" 64 '2 before --, but 3' "$run" -n 2 --threads 2 -- train --threads 3
check "a missing program is named" 69 'build it first' env LOCKSTEP_BINARY=/nowhere/lockstep "$run" -n 2 -- train

check "a lost node is noticed" 0 'keepalive_time 3 ' "$run" -n 2 --dry-run -- train
check "nodes come from the hostfile" 0 "--hostfile $scratch/hosts" "$run" -n 4 --hostfile "$scratch/hosts" --dry-run -- train
check "mpirun explains itself across nodes" 0 '^mpirun -n 4 --hostfile' "$run" -n 4 --hostfile "$scratch/hosts" --dry-run -- train
check "threads reach the binding and the program" 0 'slot:PE=3 .* train --threads 3' \
  "$run" -n 4 --hostfile "$scratch/hosts" --threads 3 --dry-run -- train
check "the program's threads reach the binding" 0 'slot:PE=3 .* train --threads=3' \
  "$run" -n 4 --hostfile "$scratch/hosts" --dry-run -- train --threads=3
check "ranks past the cores yield, unbound" 0 'oversubscribe --mca mpi_yield_when_idle 1 .*bind-to none' \
  "$run" -n 4096 --dry-run -- train
check "the core type reaches all nodes" 0 '-x OPENBLAS_CORETYPE' env OPENBLAS_CORETYPE=Haswell "$run" -n 2 --dry-run -- train

check "one rank runs without mpirun" 0 '^rank alone of 1: train --seed 3$' "$run" -n 1 -- train --seed 3
check "two ranks run" 0 '^rank 1 of 2: train$' "$run" -n 2 -- train
check "too many ranks run with a warning" 0 'they take turns' "$run" -n $(($(nproc) + 1)) -- train
check "the program's exit code passes through mpirun" 75 'rank' env LOCKSTEP_EXIT=75 "$run" -n 2 -- train
check "a time limit ends the job" 124 'time limit of 1 s' env LOCKSTEP_SLEEP=60 "$run" -n 2 --time-limit 1 -- train
check "a batch script says how to submit it" 64 'sbatch cluster/slurm.sbatch' "$repository/cluster/slurm.sbatch" train

# ends SIGNAL STATUS: SIGNAL to run.sh ends it with STATUS and leaves no rank.
ends() {
  local launcher status=0 rank attempt
  rm -f "$scratch"/pid.*
  LOCKSTEP_SLEEP=60 "$run" -n 2 -- train >/dev/null 2>&1 &
  launcher=$!
  for ((attempt = 0; attempt < 300; attempt++)); do
    [[ ! -s $scratch/pid.0 || ! -s $scratch/pid.1 ]] || break
    sleep 0.1
  done
  kill -s "$1" "$launcher"
  wait "$launcher" 2>/dev/null || status=$?
  ((status == $2)) || fail 1 "failed: SIG$1 ends run.sh with $2 (exit $status)"
  for ((attempt = 0; attempt < 100; attempt++)); do # after SIGKILL nobody waits for the ranks
    kill -0 "$(<"$scratch/pid.0")" 2>/dev/null || kill -0 "$(<"$scratch/pid.1")" 2>/dev/null || break
    sleep 0.1
  done
  for rank in 0 1; do
    ! kill -0 "$(<"$scratch/pid.$rank")" 2>/dev/null || fail 1 "failed: SIG$1 to run.sh leaves rank $rank running"
  done
  passed=$((passed + 1))
}
ends TERM 143
ends KILL 137

say "Launch scripts: $passed checks passed."
