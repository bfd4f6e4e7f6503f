# shellcheck shell=bash disable=SC2154
# Checks of the batch scripts, with stand-ins for schedulers and mpirun. check.sh sources it.

# Schedulers run a copy of the script.
mkdir "$scratch/spool"
cp "$repository"/cluster/{slurm.sbatch,slurm-srun.sbatch,pbs.sh,lsf.sh,gridengine.sh} "$scratch/spool/"
slurm=("${with_tools[@]}" SLURM_JOB_ID=7 SLURM_NTASKS=4 SLURM_JOB_NODELIST='n[1-2]' "SLURM_SUBMIT_DIR=$repository")
for name in slurm.sbatch slurm-srun.sbatch; do
  script=$scratch/spool/$name
  check "$name says how to submit it" 64 "sbatch cluster/$name" "$repository/cluster/$name" train
  check "$name wants arguments" 64 'nothing to run' "${slurm[@]}" "$script"
  check "$name finds the repository by its folder" 0 'job 7 on n\[1-2\], 4 ranks, restart 0' "${slurm[@]}" "$script" train
  check "$name finds it by the job's record" 0 'restart 0' \
    "${slurm[@]}" SLURM_SUBMIT_DIR=/nowhere "SCONTROL_COMMAND=$repository/cluster/$name" "$script" train
  check "$name finds it by LOCKSTEP_HOME" 0 'restart 0' \
    "${slurm[@]}" SLURM_SUBMIT_DIR=/nowhere "LOCKSTEP_HOME=$repository" "$script" train
  check "$name resumes" 0 'train --seed 3 --output runs/slurm-7 --resume auto' "${slurm[@]}" "$script" train --seed 3
  check "$name leaves --output alone" 0 'train --output=x --resume auto' "${slurm[@]}" "$script" train --output=x
  check "$name hands threads on" 0 '--threads 3' "${slurm[@]}" SLURM_CPUS_PER_TASK=3 "$script" train
  check "$name requeues a stopped job" 75 'requeue of 7$' \
    "${slurm[@]}" MPIRUN_EXITS=75 "$script" train
  check "$name requeues one task of an array" 75 'requeue of 7_2$' \
    "${slurm[@]}" SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2 MPIRUN_EXITS=75 "$script" train
  check "$name requeues after a lost node" 205 'requeue of 7$' "${slurm[@]}" MPIRUN_EXITS=205 "$script" train
  for answer in 'MPIRUN_EXITS=205 SLURM_RESTART_COUNT=3' 'MPIRUN_EXITS=75 SLURM_RESTART_COUNT=100' MPIRUN_EXITS=65; do
    read -ra settings <<<"$answer"
    check "$name requeues no further with $answer" "${settings[0]#*=}" 'restart' \
      "${slurm[@]}" "${settings[@]}" "$script" train
    ! grep -q '^requeue' <<<"$output" || fail 1 "failed: $name requeued with $answer"
  done
done
check "mpirun gets the job's ranks" 0 'mpirun -n 4 --map-by slot:PE=1 ' "${slurm[@]}" "$scratch/spool/slurm.sbatch" train
check "srun gets PMIx" 0 'mpirun --mpi=pmix --cpus-per-task=1' "${slurm[@]}" "$scratch/spool/slurm-srun.sbatch" train
check "the program learns when its own task of an array ends" 0 'ends at 2222' \
  "${slurm[@]}" "$scratch/spool/slurm.sbatch" train

printf 'n1\nn1\nn2\n' >"$scratch/nodefile"
pbs=("${with_tools[@]}" PBS_JOBID=7 PBS_O_WORKDIR="$scratch" LOCKSTEP_HOME="$repository")
pbs+=(PBS_NODEFILE="$scratch/nodefile" "$scratch/spool/pbs.sh")
check "pbs.sh makes a hostfile" 0 '^mpirun -n 3 .*\[n1 slots=2;n2 slots=1;\]' "${pbs[@]}"
check "pbs.sh submits its successor" 75 'qsub -v LOCKSTEP_RESTART=1,.* .*/cluster/pbs.sh' env MPIRUN_EXITS=75 "${pbs[@]}"
check "pbs.sh says how to submit it" 64 'qsub cluster/pbs.sh' env "LOCKSTEP_HOME=$repository" "$scratch/spool/pbs.sh"

lsf=("${with_tools[@]}" LSB_JOBID=7 LS_SUBCWD="$scratch" LOCKSTEP_HOME="$repository")
lsf+=(LSB_MCPU_HOSTS='n1 4 n2 3' "$scratch/spool/lsf.sh")
check "lsf.sh makes a hostfile" 0 '^mpirun -n 7 .*\[n1 slots=4;n2 slots=3;\]' "${lsf[@]}"
check "lsf.sh leaves requeueing to LSF" 75 'mpirun' env MPIRUN_EXITS=75 "${lsf[@]}"
sed -i 's/^threads=1/threads=2/' "$scratch/spool/lsf.sh" "$scratch/spool/gridengine.sh"
check "lsf.sh counts cores" 0 '^mpirun -n 3 .*slot:PE=2 .*\[n1 slots=2;n2 slots=1;\]' "${lsf[@]}"

printf 'n1 4 all.q@n1 UNDEFINED\nn2 1 all.q@n2 UNDEFINED\n' >"$scratch/pe"
sge=("${with_tools[@]}" JOB_ID=7 NSLOTS=5 PE_HOSTFILE="$scratch/pe" LOCKSTEP_HOME="$repository" "$scratch/spool/gridengine.sh")
check "gridengine.sh counts cores" 0 '^mpirun -n 2 .*slot:PE=2 .*\[n1 slots=2;\]' "${sge[@]}"
check "gridengine.sh goes back into the queue" 99 'stopped with a checkpoint' env MPIRUN_EXITS=75 "${sge[@]}"

# told NAME: SIGUSR1 to the batch script alone reaches the ranks.
told() {
  local script=$1 expected=$2 launcher status=0
  shift 2
  rm -f "$scratch/starts"
  env MPIRUN_WAITS=yes "$@" &>"$scratch/log" &
  launcher=$!
  await test -s "$scratch/starts"
  sleep 0.3
  kill -s USR1 "$(pgrep -P "$launcher" -f "$script" || say "$launcher")"
  wait "$launcher" || status=$?
  if ((status != expected)) || ! grep -q asked "$scratch/log"; then
    cat "$scratch/log" >&2
    fail 1 "failed: USR1 to $script (exit $status, expected $expected)"
  fi
  passed=$((passed + 1))
}
# killed SCRIPT: what runs the ranks is killed; the batch script says so in its own words, or not at all.
killed() {
  local script=$1 launcher status=0
  shift
  rm -f "$scratch/starts"
  env MPIRUN_WAITS=yes "$@" &>"$scratch/log" &
  launcher=$!
  await test -s "$scratch/starts"
  { pkill -KILL -P "$launcher" && wait "$launcher" || status=$?; } 2>/dev/null
  if ((status != 137)) || grep -E 'line [0-9]+:|Killed' "$scratch/log"; then
    cat "$scratch/log" >&2
    fail 1 "failed: SIGKILL to what $script runs (exit $status, expected 137)"
  fi
  passed=$((passed + 1))
}
killed slurm.sbatch "${slurm[@]}" "$scratch/spool/slurm.sbatch" train
killed slurm-srun.sbatch "${slurm[@]}" "$scratch/spool/slurm-srun.sbatch" train
told slurm.sbatch 75 "${slurm[@]}" "$scratch/spool/slurm.sbatch" train
told slurm-srun.sbatch 75 "${slurm[@]}" "$scratch/spool/slurm-srun.sbatch" train
told gridengine.sh 99 "${sge[@]}"

install=$repository/cluster/install.sh
check "install.sh wants to know where to" 64 'say where to' "$install"
check "install.sh knows its options" 64 'unknown option --frobnicate' "$install" --frobnicate
check "install.sh goes to one place" 64 'one of them' "$install" --to "$scratch/a" --hostfile "$scratch/hosts"
check "install.sh wants a full path" 64 'must begin with /' "$install" --hostfile "$scratch/hosts" --prefix here
check "test.sh knows its options" 64 'unknown option --frobnicate' "$repository/cluster/test.sh" --frobnicate

# What schedulers put into variables and files are numbers and names, or refused before bash counts with them.
trap_number="a[\$(touch $scratch/obeyed)]"
for name in slurm.sbatch slurm-srun.sbatch; do
  for variable in SLURM_JOB_ID SLURM_RESTART_COUNT SLURM_CPUS_PER_TASK LOCKSTEP_REQUEUES SLURM_ARRAY_JOB_ID LOCKSTEP_RESTARTS; do
    check "$name counts only with numbers, $variable" 64 'not a whole number|is not a positive whole number' \
      "${slurm[@]}" "$variable=$trap_number" "$scratch/spool/$name" train
  done
  check "$name's job is no option" 64 'not a whole number' "${slurm[@]}" SLURM_JOB_ID=--help "$scratch/spool/$name" train
  check "$name's job is no command of sed" 64 'not a whole number' "${slurm[@]}" "SLURM_JOB_ID=7 /e touch $scratch/obeyed" "$scratch/spool/$name" train
  check "$name shows what a terminal would obey" 0 'on n.E]0;x' "${slurm[@]}" "SLURM_JOB_NODELIST=n"$'\e]0;x' "$scratch/spool/$name" train
done
check "slurm.sbatch's tasks are a number" 64 '-n .*not a positive whole number' \
  "${slurm[@]}" "SLURM_NTASKS=$trap_number" "$scratch/spool/slurm.sbatch" train
check "lsf.sh counts only with numbers" 64 'not a whole number' env "LSB_MCPU_HOSTS=n1 4 n2 $trap_number" "${lsf[@]:0:5}" "$scratch/spool/lsf.sh"
check "and names only nodes" 64 "is no node's name" "${with_tools[@]}" LSB_JOBID=7 LS_SUBCWD="$scratch" LOCKSTEP_HOME="$repository" \
  'LSB_MCPU_HOSTS=n1 4 -oProxyCommand=x 4' "$scratch/spool/lsf.sh"
printf 'n1\n-oProxyCommand=x\n' >"$scratch/nodefile"
check "pbs.sh names only nodes" 64 "is no node's name" "${pbs[@]}"
printf 'n1 4 all.q@n1 UNDEFINED\n$(id) 4 all.q@n2 UNDEFINED\n' >"$scratch/pe"
check "gridengine.sh names only nodes" 64 "is no node's name" "${sge[@]}"
check "and its job is a number" 64 'JOB_ID is .*not a whole number' env JOB_ID=x "${sge[@]:0:2}" JOB_ID="$trap_number" "${sge[@]:3}"
[[ ! -e $scratch/obeyed ]] || fail 1 "failed: a scheduler's word was run as a command"
