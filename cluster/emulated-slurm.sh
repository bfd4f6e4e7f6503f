# shellcheck shell=bash
# Batch jobs on two emulated nodes. Source it after emulated-runs.sh.
# shellcheck disable=SC2154 # variables of emulated.sh and of emulated-runs.sh

slurm() { "$tools/slurmcluster" exec "$@"; }

# with_slurm SCRIPT: two nodes and a Slurm; skips where the repository has no such batch script. Sets `batch`.
with_slurm() {
  batch=$repository/cluster/$1
  [[ -f $batch ]] || skip "no cluster/$1"
  two_nodes
  "$tools/slurmcluster" up --nodes 2 >/dev/null
}

# submit RUN [SBATCH-OPTION…]: two ranks on two nodes. Sets `number`, the job's, and `log`.
submit() {
  log=$scratch/$1.log
  number=$(slurm sbatch --parsable --nodes 2 --ntasks-per-node 1 --output "$log" "${@:2}" "$batch" \
    train "${settings[@]}" --output "$scratch/$1")
}

# job_says KEY: what the job's record says, such as JobState.
job_says() { slurm scontrol show job "$number" | tr ' ' '\n' | sed -n "s/^$1=//p" | head -n 1; }
is_over() { [[ $(job_says JobState) =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|OUT_OF_MEMORY|BOOT_FAIL)$ ]]; }
was_restarted() { [[ $(job_says Restarts) != 0 ]]; }

# completes SECONDS
completes() {
  if ! await "$1" is_over; then
    slurm squeue -l
    wrong "job $number is still $(job_says JobState) ($(job_says Reason)) after $1 s"
  fi
  [[ $(job_says JobState) == COMPLETED ]] || wrong "job $number: $(job_says JobState), exit $(job_says ExitCode)"
}

# saved RUN: the job has a checkpoint.
saved() { await 60 has_checkpoint "$1" || wrong "no checkpoint within 60 s: $(job_says JobState) ($(job_says Reason))"; }

test_slurm_sbatch() {
  with_slurm slurm.sbatch
  submit slurm_sbatch
  completes 90
  same_bits slurm_sbatch
  strike
  all_gone 0 1
}

test_slurm_srun() {
  with_slurm slurm-srun.sbatch
  submit slurm_srun
  completes 90
  same_bits slurm_srun
  strike
  all_gone 0 1
}

test_slurm_array() {
  local runs
  with_slurm slurm.sbatch
  mkdir "$scratch/slurm_array"
  cd "$scratch/slurm_array" || return
  # A node for each task, and a directory that the script names.
  number=$(slurm sbatch --parsable --array 0-1 --nodes 1 --ntasks-per-node 2 --output "$scratch/slurm_array-%a.log" "$batch" \
    train "${settings[@]}")
  await 90 array_is_over || wrong "still running after 90 s: $(slurm squeue -h -o '%i %T %r')"
  runs=(runs/*)
  ((${#runs[@]} == 2)) || wrong "${#runs[@]} run directories, not 2: ${runs[*]}"
  for run in "${runs[@]}"; do same_bits "slurm_array/$run"; done
  note "${runs[*]}"
}
array_is_over() { [[ ! $(slurm squeue -h -j "$number" -o %i 2>/dev/null) ]]; }

test_slurm_crash() {
  with_slurm slurm.sbatch
  submit slurm_crash
  saved slurm_crash
  strike
  nodes crash 1
  await 60 was_restarted || wrong "not back in the queue after 60 s: $(job_says JobState) ($(job_says Reason))"
  note "back in the queue after $((($(milliseconds) - struck) / 1000)) s"
  nodes boot 1
  "$tools/slurmcluster" boot 1
  completes 120
  same_bits slurm_crash
}

test_slurm_signal() {
  with_slurm slurm.sbatch
  submit slurm_signal
  saved slurm_signal
  slurm scancel --batch --signal USR1 "$number"
  await 60 was_restarted || wrong "not back in the queue after 60 s: $(job_says JobState) ($(job_says Reason))"
  completes 120
  same_bits slurm_signal
}
