# shellcheck shell=bash
# What the batch scripts share, and what schedulers say about their jobs. Source it; it brings lib.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Tells the program that it must have ended in SECONDS, so that it saves in time. An earlier end, from whoever called us,
# stays.
announce_end() {
  local end=$((EPOCHSECONDS + 10#$1))
  if [[ ! ${LOCKSTEP_END_TIME:-} =~ ^[0-9]{1,12}$ ]] || ((end < 10#$LOCKSTEP_END_TIME)); then
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
  if [[ ${PBS_JOBID:-} == [0-9]* ]]; then # PBS Professional, OpenPBS, Torque
    text=$(qstat -f "$PBS_JOBID" 2>/dev/null) || return 0
    limit=$(sed -n 's/^ *Resource_List.walltime = \([0-9:]*\)$/\1/p' <<<"$text")
    used=$(sed -n 's/^ *resources_used.walltime = \([0-9:]*\)$/\1/p' <<<"$text")
    [[ ! $limit ]] || say $(($(seconds "$limit") - $(seconds "${used:-0}")))
  elif [[ ${LSB_JOBID:-} == [0-9]* ]]; then # LSF: hours and minutes, and a letter
    text=$(bjobs -noheader -o time_left "$LSB_JOBID" 2>/dev/null) || return 0
    [[ ! $text =~ ^\ *([0-9]+):([0-9]+) ]] || say $((10#${BASH_REMATCH[1]} * 3600 + 10#${BASH_REMATCH[2]} * 60))
  elif [[ ${SGE_ROOT:-} && ${JOB_ID:-} == [0-9]* ]]; then # Grid Engine; the job starts with this script
    text=$(qstat -j "$JOB_ID" 2>/dev/null) || return 0
    limit=$(sed -n 's/^hard resource_list:.*\<h_rt=\([0-9]*\).*/\1/p' <<<"$text")
    [[ ! $limit ]] || say "$limit"
  fi
}

# complete JOB THREADS ARGUMENT…: sets `arguments`. train gets a folder named after the job and goes on from what it finds
# there, so that each restart of a job that keeps its name takes up where the last one ended.
complete() {
  local job=$1 threads=$2
  arguments=("${@:3}")
  check_number "threads a rank" "$threads"
  check_number LOCKSTEP_REQUEUES "${LOCKSTEP_REQUEUES:-100}"
  take_program
  [[ ! ${LOCKSTEP_BINARY:-} ]] || export LOCKSTEP_BINARY
  ((${#arguments[@]})) || fail "$exit_usage" "nothing to run; for example: train --recipe digits --output runs/a"
  [[ ${arguments[0]} == train ]] || return 0
  [[ $(argument --output) ]] || arguments+=(--output "runs/$job")
  [[ $(argument --resume) ]] || arguments+=(--resume auto)
  ((threads == 1)) || [[ $(argument --threads) ]] || arguments+=(--threads "$threads")
}

# reached: the newest checkpoint of what `arguments` train; nothing for other commands.
reached() { [[ ${arguments[0]} != train ]] || newest_checkpoint "$(argument --output)"; }

# run_in_job SIGNAL COMMAND…: runs the ranks. SIGUSR1 and SIGUSR2 to this shell alone are handed on as USR1; a cancellation,
# a requeue or a preemption (SIGTERM) as SIGNAL, which is 0 where the scheduler tells the ranks itself. Stays until they
# have written their checkpoint. Sets `status`, and `terminated`: the scheduler has decided what becomes of this job.
run_in_job() {
  local step interrupted at_end=$1
  terminated=false started_from=$(reached)
  hush
  "${@:2}" 2>&"$spoken" {spoken}>&- &
  step=$!
  trap 'interrupted=true terminated=true; kill -s "$at_end" "$step" 2>/dev/null || true' TERM
  trap 'interrupted=true; kill -s USR1 "$step" 2>/dev/null || true' USR1 USR2
  while
    interrupted=false status=0
    wait "$step" 2>/dev/null || status=$?
    $interrupted # a trap ended the wait, not the ranks
  do :; done
  unhush
}

# comes_back RESTARTS: whether the job, restarted so often already, should go back into the queue. 75 is a stop with a
# checkpoint; the bound ends a job that gets nowhere. 70 and 205 are lost nodes and networks: thrice, then only with progress.
comes_back() {
  ! $terminated && (($1 < ${LOCKSTEP_REQUEUES:-100})) || return 1
  case $status in
    75) ;;
    70 | 205) (($1 < 3)) || [[ $(reached) != "$started_from" ]] ;;
    *) return 1 ;;
  esac
}

# why: the reason of coming back, from `status`.
why() {
  case $status in
    75) printf 'stopped with a checkpoint' ;;
    70) printf 'a rank waited in vain (exit 70)' ;;
    205) printf 'a node was lost (exit 205)' ;;
  esac
}

# enter_slurm_job NAME RECORD ARGUMENT…: checks the launch, sets `arguments`, and tells lockstep when the job ends.
enter_slurm_job() {
  local end variable example="sbatch cluster/$1 train --recipe digits --output runs/a"
  program=$1
  [[ ${SLURM_JOB_ID:-} ]] || fail "$exit_usage" "this is a batch script: $example"
  for variable in SLURM_JOB_ID SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID SLURM_RESTART_COUNT LOCKSTEP_RESTARTS; do
    [[ ! ${!variable:-} ]] || check_number "$variable" "${!variable}"
  done
  (($# > 2)) || fail "$exit_usage" "nothing to run; for example: $example"
  # Tasks of an array are named apart from the array, which has the number of one of them.
  slurm_job=$SLURM_JOB_ID
  if [[ ${SLURM_ARRAY_JOB_ID:-} ]]; then slurm_job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi
  # lockstep stops itself in time when it knows the end, in seconds since 1970. (Slurm 22.05 sets no SLURM_JOB_END_TIME.)
  # The record of an array begins with another task.
  end=$(sed -n "/^JobId=$SLURM_JOB_ID /,/^\$/s/.* EndTime=\([0-9]*\) .*/\1/p" <<<"$2" | head -n 1)
  if [[ $end ]]; then export LOCKSTEP_END_TIME=${LOCKSTEP_END_TIME:-$end}; fi
  complete "slurm-$slurm_job" "${SLURM_CPUS_PER_TASK:-1}" "${@:3}"
  say "$program: job $slurm_job on $(shown "$SLURM_JOB_NODELIST, $SLURM_NTASKS") ranks, restart ${SLURM_RESTART_COUNT:-0}"
}

# Slurm does not requeue for an exit code. After SIGTERM it has decided already: requeued or preempted jobs come back, a
# cancelled one must not.
leave_slurm_job() {
  if comes_back "${SLURM_RESTART_COUNT:-0}"; then
    say "$program: $(why), back into the queue"
    scontrol requeue "$slurm_job" || true # it says why not
  fi
  exit "$status"
}
