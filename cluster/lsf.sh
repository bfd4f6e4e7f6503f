#!/usr/bin/env bash
# TEMPLATE, NOT RUN BY US: we had no LSF. Written after its manual; tried with a stand-in for its variables. Train as an LSF
# batch job that checkpoints before its time ends, requeues itself and goes on where it was.
#
#   cd REPOSITORY && bsub < cluster/lsf.sh
#
# Edit the lines that follow, up to the dashes. -n counts cores in all, ptile those of a node, -W is hours:minutes.
#BSUB -n 64
#BSUB -R "span[ptile=32]"
#BSUB -W 8:00
#BSUB -J lockstep
#BSUB -o lockstep-%J.log
# Run again after a lost node, and after these exit codes: stopped with a checkpoint, a rank waited in vain, a lost node.
#BSUB -r
#BSUB -Q "75 70 205"
# SIGUSR1 five minutes before the time ends: checkpoint, then exit 75.
#BSUB -wa USR1
#BSUB -wt 5
set -euo pipefail
threads=1
arguments=(train --recipe digits --output runs/lsf)
repository=${LOCKSTEP_HOME:-${LS_SUBCWD:-.}}
# Where nodes of a job cannot be reached by ssh: export OMPI_MCA_plm_rsh_agent=blaunch
# --------------------------------------------------------------------------------------------------------------------

# shellcheck source-path=SCRIPTDIR source=batch.sh
source "$repository/cluster/batch.sh" || exit 69
program=lsf.sh
[[ ${LSB_JOBID:-} ]] || fail "$exit_usage" "this is a batch script: bsub < cluster/lsf.sh"
check_number LSB_JOBID "$LSB_JOBID"
cd -- "$LS_SUBCWD"
complete "lsf-$LSB_JOBID" "$threads" "${arguments[@]}"

# LSB_MCPU_HOSTS: `node1 32 node2 32`, in cores. Debian's Open MPI is built without LSF, so mpirun needs a hostfile.
hosts=$(mktemp)
trap 'rm -f "$hosts"' EXIT
read -ra allocation <<<"$LSB_MCPU_HOSTS"
ranks=0
for ((index = 0; index < ${#allocation[@]}; index += 2)); do
  slots=${allocation[index + 1]:-}
  check_number "the cores of ${allocation[index]} in LSB_MCPU_HOSTS" "$slots"
  slots=$((slots / threads))
  ((slots)) || continue
  say "${allocation[index]} slots=$slots" >>"$hosts"
  ranks=$((ranks + slots))
done
run_in_job USR1 "$repository/cluster/run.sh" -n "$ranks" --hostfile "$hosts" --threads "$threads" --restarts 3 -- \
  "${arguments[@]}"
exit "$status"
