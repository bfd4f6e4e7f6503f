#!/usr/bin/env bash
# TEMPLATE: run once without a Grid Engine. With its variables set by hand, a stand-in for qrsh and two emulated nodes, mpirun
# found the nodes in PE_HOSTFILE, started the ranks through qrsh, and SIGUSR1 ended the job with a checkpoint and exit 99.
# Not run: qsub, the parallel environment, notification, requeueing. Written after the manual of Grid Engine 8.1.
#
#   cd REPOSITORY && qsub cluster/gridengine.sh
#
# Edit the lines that follow, up to the dashes. `mpi` is a parallel environment of your site with control_slaves TRUE
# (`qconf -spl` lists them); the number counts cores in all.
#$ -pe mpi 64
# Wall time, and SIGUSR1 before it ends: checkpoint, then back into the queue.
#$ -l h_rt=8:00:00,s_rt=7:55:00
#$ -N lockstep
#$ -S /bin/bash
#$ -cwd
#$ -j y
# Run again after a lost node; SIGUSR2 before the job is killed for another reason.
#$ -r y
#$ -notify
set -euo pipefail
threads=1
arguments=(train --recipe digits --output runs/gridengine)
repository=${LOCKSTEP_HOME:-${SGE_O_WORKDIR:-.}}
# --------------------------------------------------------------------------------------------------------------------

# shellcheck source-path=SCRIPTDIR source=batch.sh
source "$repository/cluster/batch.sh" || exit 69
program=gridengine.sh
[[ ${PE_HOSTFILE:-} && ${NSLOTS:-} ]] || fail "$exit_usage" "this is a batch script: qsub cluster/gridengine.sh"
check_number JOB_ID "$JOB_ID"
complete "gridengine-$JOB_ID" "$threads" "${arguments[@]}"

# mpirun reads PE_HOSTFILE (node, cores, queue, processors) by itself, and takes a core for a rank.
hosts=$(mktemp)
trap 'rm -f "$hosts"' EXIT
awk -v threads="$threads" '$2 >= threads { print $1 " slots=" int($2 / threads) }' "$PE_HOSTFILE" >"$hosts"
ranks=$(awk -F= '{ sum += $2 } END { print sum + 0 }' "$hosts")
run_in_job USR1 "$repository/cluster/run.sh" -n "$ranks" --hostfile "$hosts" --threads "$threads" -- "${arguments[@]}"

# Exit 99 puts a job back into the queue. Grid Engine does not count how often.
if comes_back 0; then
  say "$program: $(why), back into the queue"
  exit 99
fi
exit "$status"
