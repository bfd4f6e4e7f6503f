#!/usr/bin/env bash
# Tests of the launch scripts with a stand-in for lockstep; test.sh runs it. Takes some seconds, needs mpirun.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A batch job around these tests must not change what they see.
for variable in "${!LOCKSTEP_@}" "${!SLURM_@}" "${!OMPI_@}" PE_HOSTFILE OPENBLAS_CORETYPE; do
  unset "$variable"
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The stand-in says who it is and does what $LOCKSTEP_ROLE says. Each start adds a line to `starts`.
cat >"$scratch/lockstep" <<'PROGRAM'
#!/usr/bin/env bash
rank=${OMPI_COMM_WORLD_RANK:-alone}
asked=''
# Runs until it is asked to end. (mpirun signals children, too: bash then names the signal on its error output.)
stay() { until ((asked || SECONDS > 60)); do sleep 0.05 || true; done 2>/dev/null; }
# checkpoint ITERATION
checkpoint() {
  mkdir -p run/checkpoints
  : >"$(printf 'run/checkpoints/iteration-%08d.safetensors' "$1")"
}
case ${LOCKSTEP_ROLE:-} in
  obeys) # a checkpoint at USR1 or TERM, Ctrl-C without mpirun has its own exit code
    trap asked=75 USR1 USR2 TERM
    trap asked=130 INT
    ;;
  deaf) trap '' USR1 USR2 TERM INT ;;
esac
cd "$LOCKSTEP_SCRATCH" || exit
echo "rank $rank of ${OMPI_COMM_WORLD_SIZE:-1}: $*"
[[ $rank == [1-9]* ]] || echo "$*" >>starts
starts=$(wc -l <starts)
echo $$ >"pid.$rank"
case ${LOCKSTEP_ROLE:-} in
  stays | deaf) stay ;;
  obeys)
    stay
    checkpoint 7
    exit "$asked"
    ;;
  stumbles) # the first rank, twice, with a checkpoint before each fall
    if [[ $rank != [1-9]* ]] && ((starts < 3)); then checkpoint "$starts" && kill -KILL $$; fi
    ;;
  fails) exit 9 ;;
  session) echo "session in ${OMPI_MCA_orte_tmpdir_base:-nowhere}" ;;
  leaves) # an orphan and a crash
    (trap '' TERM HUP; stay) &>/dev/null &
    echo $! >"pid.orphan"
    exit 9
    ;;
  end) echo "ends at ${LOCKSTEP_END_TIME:-}, in $((${LOCKSTEP_END_TIME:-0} - EPOCHSECONDS)) s" ;;
esac
exit "${LOCKSTEP_EXIT:-0}"
PROGRAM
chmod +x "$scratch/lockstep"
printf 'node1 slots=2\nnode2 slots=2\n' >"$scratch/hosts"
export LOCKSTEP_BINARY=$scratch/lockstep LOCKSTEP_SCRATCH=$scratch
run=$repository/cluster/run.sh passed=0

# check SENTENCE STATUS PATTERN COMMAND…: the command ends with STATUS, and its `output` matches PATTERN.
check() {
  local sentence=$1 status=$2 pattern=$3 actual=0
  shift 3
  rm -rf "$scratch"/{run,starts,down,reached,obeyed,pid.*}
  output=$(timeout 60 "$@" 2>&1 </dev/null) || actual=$?
  if ((actual != status)) || ! grep -qE -- "$pattern" <<<"$output"; then
    printf '%s\n' "$output" >&2
    fail 1 "failed: $sentence (exit $actual, expected $status and /$pattern/)"
  fi
  passed=$((passed + 1))
}

# starts COUNT ARGUMENTS: the last check started the program so often, in the end with these arguments.
starts() {
  [[ $(wc -l <"$scratch/starts") == "$1" && $(tail -n 1 "$scratch/starts") == *"$2"* ]] && return
  cat "$scratch/starts" >&2
  fail 1 "failed: expected $1 starts, the last with $2"
}

# await CONDITION…: until the command succeeds.
await() {
  local attempt
  for ((attempt = 0; attempt < 300; attempt++)); do
    ! "$@" 2>/dev/null || return 0
    sleep 0.1
  done
  fail 1 "failed: waited in vain for $*"
}

# gone NAME: a process of the stand-in has ended, or does so within 10 s (after SIGKILL to run.sh nobody waits for it).
gone() {
  local attempt
  for ((attempt = 0; attempt < 100; attempt++)); do
    kill -0 "$(<"$scratch/pid.$1")" 2>/dev/null || return 0
    sleep 0.1
  done
  fail 1 "failed: $1 is still running"
}

check "help names the options" 0 '--hostfile FILE' "$run" --help
check "the number of ranks is asked for" 64 'number of ranks, is missing' "$run" -- train
check "zero ranks are refused" 64 'not a positive whole number' "$run" -n 0 -- train
check "an unknown option is refused" 64 'unknown option --frobnicate' "$run" -n 2 --frobnicate -- train
check "a slip in an option is told" 64 'unknown option --hostfle; did you mean --hostfile\?' "$run" -n 2 --hostfle x -- train
check "so is mpirun's name of it" 64 'did you mean -n\?' "$run" -np 2 -- train
check "and Slurm's" 64 'did you mean --threads\?' "$run" -n 2 --cpus-per-task 2 -- train
check "and a number without a space" 64 'did you mean -n 4\?' "$run" -n4 -- train
check "and a word that names another" 64 'did you mean --time-limit\?' "$run" -n 2 --timeout=9 -- train
check "what is like none is not guessed at" 64 'unknown option --recipe \(lockstep' "$run" -n 2 --recipe digits
check "-- may be left out" 0 '^rank 1 of 2: train --seed 3$' "$run" -n 2 train --seed 3
check "but a number is no command" 64 "unexpected '4'" "$run" -n 2 4 train
check "the program's name is dropped" 0 '^rank 1 of 2: train --seed 3$' "$run" -n 2 -- lockstep train --seed 3
check "and its path" 0 '^rank 1 of 2: train --seed 3$' "$run" -n 2 -- "$scratch/lockstep" train --seed 3
check "and a path from here" 0 '^rank alone of 1: train$' env -C "$scratch" "$run" -n 1 ./lockstep train
check "a path chooses the program" 0 '^/.*/cat train' env -u LOCKSTEP_BINARY "$run" -n 1 --dry-run -- "$(command -v cat)" train
check "two programs are one too many" 64 'two programs: .*/lockstep .*/cat' "$run" -n 2 -- "$(command -v cat)" train
check "a path to nothing is named" 69 'build/lockstep is not an executable program' "$run" -n 2 -- build/lockstep train
check "a program alone is nothing to run" 64 'nothing to run' "$run" -n 2 -- lockstep
check "restarts see the command behind the program's name" 0 'train --output x --resume auto' \
  "$run" -n 2 --restarts 2 --dry-run -- lockstep train --output x
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

check "OpenBLAS makes no threads on any node" 0 '-x OPENBLAS_NUM_THREADS ' "$run" -n 2 --dry-run -- train
check "one rank runs without mpirun" 0 '^rank alone of 1: train --seed 3$' "$run" -n 1 -- train --seed 3
check "two ranks run" 0 '^rank 1 of 2: train$' "$run" -n 2 -- train
check "too many ranks run with a warning" 0 'they take turns' "$run" -n $(($(nproc) + 1)) -- train
check "the program's exit code passes through mpirun" 75 'rank' env LOCKSTEP_EXIT=75 "$run" -n 2 -- train
check "a time limit ends the job" 124 'time limit of 1 s' env LOCKSTEP_ROLE=stays "$run" -n 2 --time-limit 1 -- train
check "a batch script says how to submit it" 64 'sbatch cluster/slurm.sbatch' "$repository/cluster/slurm.sbatch" train

check "the program knows when its time ends" 0 'ends at [0-9]+, in (99|100) s' \
  env LOCKSTEP_ROLE=end "$run" -n 1 --time-limit 100 -- train
check "an earlier end of time stays" 0 'ends at 1234,' \
  env LOCKSTEP_ROLE=end LOCKSTEP_END_TIME=1234 "$run" -n 1 --time-limit 100 -- train
# Schedulers that are not here: what they would answer.
mkdir "$scratch/schedulers"
cat >"$scratch/schedulers/qstat" <<'ANSWER'
#!/usr/bin/env bash
case $1 in
  -f) printf '    Resource_List.walltime = 01:00:00\n    resources_used.walltime = 00:10:08\n' ;;
  -j) printf 'job_number: 7\nhard resource_list:         h_vmem=2G,h_rt=1800\n' ;;
esac
ANSWER
printf '#!/usr/bin/env bash\necho "0:45 L"\n' >"$scratch/schedulers/bjobs"
chmod +x "$scratch/schedulers/"*
asked_end=(env LOCKSTEP_ROLE=end PATH="$scratch/schedulers:$PATH")
check "PBS says when the job ends" 0 'in (2991|2992) s' "${asked_end[@]}" PBS_JOBID=7 "$run" -n 1 -- train
check "LSF says when the job ends" 0 'in (2699|2700) s' "${asked_end[@]}" LSB_JOBID=7 "$run" -n 1 -- train
check "Grid Engine says when the job ends" 0 'in (1799|1800) s' \
  "${asked_end[@]}" SGE_ROOT=/sge JOB_ID=7 "$run" -n 1 -- train
check "a scheduler that does not answer limits nothing" 0 'ends at ,' env LOCKSTEP_ROLE=end PBS_JOBID=7 "$run" -n 1 -- train

check "the end of time reaches all nodes" 0 '-x LOCKSTEP_END_TIME' "$run" -n 2 --time-limit 9 --dry-run -- train

export LOCKSTEP_BACKOFF_SECONDS=0.1
check "restarts need train" 64 'only train can go on' "$run" -n 2 --restarts 3 -- sample runs/a
check "restarts need a directory" 64 "name the run's directory" "$run" -n 2 --restarts 3 -- train
check "a restart goes on where the run was" 0 'restart 2 of 5 in 0.1 s from iteration-00000002' \
  env LOCKSTEP_ROLE=stumbles "$run" -n 2 --restarts 5 -- train --output "$scratch/run"
check "restarts are bounded" 137 'all 1 restarts are used up' \
  env LOCKSTEP_ROLE=stumbles "$run" -n 1 --restarts 1 -- train --output "$scratch/run"
check "two restarts without progress are the last" 9 'exit 9; two restarts in a row made no progress' \
  env LOCKSTEP_ROLE=fails "$run" -n 1 --restarts 5 -- train --output="$scratch/run"
starts 3 "--output=$scratch/run --resume auto"
check "restarts start where they were told to, until there is a checkpoint" 9 'made no progress' \
  env LOCKSTEP_ROLE=fails "$run" -n 1 --restarts 5 -- train --output "$scratch/run" --resume "$scratch/other"
starts 3 "--output $scratch/run --resume $scratch/other"
check "a restart replaces --resume" 0 'restart 2 of 2' \
  env LOCKSTEP_ROLE=stumbles "$run" -n 1 --restarts 2 -- train --resume="$scratch/other" --output "$scratch/run" --seed 3
starts 3 "train --output $scratch/run --seed 3 --resume auto"
for status in 64 65 73 75 78; do
  check "exit $status needs no restart" $status 'rank' \
    env LOCKSTEP_EXIT=$status "$run" -n 1 --restarts 2 -- train --output "$scratch/run"
  starts 1 'train'
done
check "a time limit covers the restarts" 124 'time limit of 1 s' \
  env LOCKSTEP_ROLE=fails LOCKSTEP_BACKOFF_SECONDS=60 "$run" -n 1 --restarts 3 --time-limit 1 -- train --output "$scratch/run"
check "what a crash leaves behind is ended" 9 'rank' env LOCKSTEP_ROLE=leaves "$run" -n 1 -- train
gone orphan
check "what mpirun leaves behind is ended" 9 'rank' env LOCKSTEP_ROLE=leaves "$run" -n 2 -- train
gone orphan

# shellcheck source=checks/standins.sh
source "$repository/cluster/checks/standins.sh"
# shellcheck source=checks/nodes.sh
source "$repository/cluster/checks/nodes.sh"
# shellcheck source=checks/batch.sh
source "$repository/cluster/checks/batch.sh"
# shellcheck source=checks/leftovers.sh
source "$repository/cluster/checks/leftovers.sh"

# ends SENTENCE STATUS RANKS ROLE SIGNALS [OPTION…]: the signals to run.sh, comma-separated, end it and all ranks. These
# checks mostly wait, so they do it together, each in a directory of its own.
together=()
ends() {
  end_with_signals "$@" &
  together+=($!)
}
end_with_signals() {
  local sentence=$1 expected=$2 ranks=$3 signals signal launcher status=0 name
  scratch=$(mktemp -d "$scratch/XXXXXX")
  export LOCKSTEP_SCRATCH=$scratch LOCKSTEP_ROLE=$4
  IFS=, read -ra signals <<<"$5"
  # bash starts what runs in the background with Ctrl-C ignored; undo that.
  env --default-signal=INT "$run" -n "$ranks" "${@:6}" -- train --output "$scratch/run" &>"$scratch/log" &
  launcher=$!
  if ((ranks == 1)); then await test -s "$scratch/pid.alone"; fi
  for ((name = 0; ranks > 1 && name < ranks; name++)); do await test -s "$scratch/pid.$name"; done
  [[ $LOCKSTEP_ROLE != fails ]] || await grep -q restart "$scratch/log"
  {
    for signal in "${signals[@]}"; do
      kill -s "$signal" "$launcher" || true # the one before may have ended it already
      sleep 0.2
    done
    wait "$launcher" || status=$?
  } 2>/dev/null # bash names the signal that ended a job
  ((status == expected)) || { cat "$scratch/log" >&2 && fail 1 "failed: $sentence (exit $status, expected $expected)"; }
  # What the shell has to say about its jobs is no user's business.
  ! grep -E 'run\.sh: line [0-9]+:|\b(Killed|Terminated)\b' "$scratch/log" >&2 || fail 1 "failed: $sentence (the shell speaks)"
  for name in "$scratch"/pid.*; do gone "${name##*.}"; done
  [[ $LOCKSTEP_ROLE != obeys || -f $scratch/run/checkpoints/iteration-00000007.safetensors ]] ||
    fail 1 "failed: $sentence (no checkpoint)"
}
ends "Ctrl-C waits for a checkpoint" 130 2 obeys INT
ends "SIGTERM waits for a checkpoint" 75 2 obeys TERM
ends "a request for a checkpoint is handed on, and no reason to restart" 75 2 obeys USR2 --restarts 3
ends "Ctrl-C reaches one rank as it is" 130 1 obeys INT
ends "SIGTERM reaches one rank as it is" 75 1 obeys TERM
ends "a terminal that goes away is SIGTERM" 75 1 obeys HUP
ends "ranks that do not end are killed after the grace time" 143 2 deaf TERM --grace 1
ends "a second Ctrl-C ends the job at once" 130 2 deaf INT,INT
ends "one rank as well" 130 1 deaf INT,INT
ends "and a second SIGTERM" 143 2 deaf TERM,TERM
ends "of whatever kind" 143 1 deaf HUP,TERM
ends "and a third" 130 2 deaf TERM,INT,INT
ends "a second signal after a request is the first of its kind" 143 1 deaf USR1,TERM --grace 1
ends "ranks that know no signals just end" 143 2 stays TERM
ends "a rank that a signal ends is no crash" 138 1 stays USR1 --restarts 3
ends "nothing outlives run.sh" 137 2 stays KILL
export LOCKSTEP_BACKOFF_SECONDS=60
ends "a pause between restarts can be ended" 75 1 fails TERM --restarts 3

status=0
for check in "${together[@]}"; do
  if wait "$check"; then passed=$((passed + 1)); else status=1; fi
done
((status == 0)) || exit 1

say "Launch scripts: $passed checks passed."
