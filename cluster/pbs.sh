#!/usr/bin/env bash
# TEMPLATE, NOT RUN BY US: we had no PBS. Written after the manuals of PBS Professional and OpenPBS; tried with stand-ins for
# qsub and qstat. Train as a PBS batch job that checkpoints before its time ends and submits itself again.
#
#   cd REPOSITORY && qsub cluster/pbs.sh
#
# Edit the lines that follow, up to the dashes. One rank (process) a core: mpiprocs = ncpus; with T threads a rank it is
# ncpus / T. Under Torque the first line reads `-l nodes=2:ppn=32`.
#PBS -l select=2:ncpus=32:mpiprocs=32
#PBS -l walltime=8:00:00
#PBS -N lockstep
#PBS -r y
#PBS -j oe
# (PBS may start a job again after a lost node: -r y.)
set -euo pipefail
threads=1
arguments=(train --recipe digits --output runs/pbs)
repository=${LOCKSTEP_HOME:-${PBS_O_WORKDIR:-.}}
# What is submitted when time is up; the options above stand in it.
script=$repository/cluster/pbs.sh
# --------------------------------------------------------------------------------------------------------------------

# shellcheck source-path=SCRIPTDIR source=batch.sh
source "$repository/cluster/batch.sh" || exit 69
program=pbs.sh
[[ ${PBS_NODEFILE:-} ]] || fail "$exit_usage" "this is a batch script: qsub cluster/pbs.sh"
cd -- "$PBS_O_WORKDIR"
check_number LOCKSTEP_RESTART "${LOCKSTEP_RESTART:-0}"
complete pbs "$threads" "${arguments[@]}"

# PBS's file has a line for each rank. Debian's Open MPI is built without PBS, so mpirun goes by ssh.
hosts=$(mktemp)
trap 'rm -f "$hosts"' EXIT
awk '!($1 in count) { order[++nodes] = $1 } { count[$1]++ }
  END { for (i = 1; i <= nodes; i++) print order[i] " slots=" count[order[i]] }' "$PBS_NODEFILE" >"$hosts"
run_in_job USR1 "$repository/cluster/run.sh" -n "$(wc -l <"$PBS_NODEFILE")" --hostfile "$hosts" --threads "$threads" \
  --restarts 3 -- "${arguments[@]}"

# PBS sends no early signal; run.sh asks qstat when the job ends, and lockstep saves in time. qrerun is for operators only
# on most systems, so the job submits its successor.
restarts=${LOCKSTEP_RESTART:-0}
if comes_back "$restarts"; then
  say "$program: $(why), submitted again"
  qsub -v "LOCKSTEP_RESTART=$((restarts + 1)),LOCKSTEP_HOME=$repository" "$script" || true # it says why not
fi
exit "$status"
