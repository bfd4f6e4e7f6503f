#!/usr/bin/env bash
# Build Lockstep with MPICH instead of Open MPI, into .build-mpich, and test it on two ranks: every collective, failures, a
# short training whose ranks are compared after every iteration, and starts by the wrong mpirun, which must be refused.
#
#   cluster/mpich.sh
#
# As root on Debian or Ubuntu it installs mpich and libmpich-dev, which leave mpirun to Open MPI; elsewhere it says
# "skipped" where they are missing. By hand the build is
#
#   LOCKSTEP_MPI=mpich swift build -c release --scratch-path .build-mpich --product lockstep
#
# and the program then wants MPICH's mpirun (mpirun.mpich on Debian). The linker option that MPICH's pkg-config file asks
# for and SwiftPM warns about (-Wl,-z,relro: hardening) is left out.
#
# Exit: 0 when everything passed or was skipped; 1 when something failed; 69 when other packages are missing.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for argument; do
  case $argument in
    -h | --help) print_help || exit; exit 0 ;;
    *) fail "$exit_usage" "unknown argument $argument; see cluster/mpich.sh --help" ;;
  esac
done

# launcher NAME PATTERN: the mpirun whose version matches; Debian has one of each under a name of its own.
launcher() {
  local command
  for command in "mpirun.$1" "mpiexec.$1" mpirun mpiexec; do
    [[ $("$command" --version 2>/dev/null) != *$2* ]] || { command -v "$command" && return; }
  done
}

missing_mpich() {
  pkg-config --exists mpich 2>/dev/null || say libmpich-dev
  [[ $(launcher mpich HYDRA) ]] || say mpich
}

if [[ $(missing_mpich) ]]; then
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    say "skipped: MPICH is not here; as root: apt-get install mpich libmpich-dev"
    exit 0
  fi
fi
set_up
# From here on, what install_packages looks for.
missing_packages() { missing_mpich; }
install_packages

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A batch job, or an mpirun around this script, must not change what the ranks believe.
for variable in "${!LOCKSTEP_@}" "${!SLURM_@}" "${!PMI@}" "${!OMPI_@}" OPENBLAS_CORETYPE; do
  unset "$variable"
done
products=$repository/.build-mpich
for product in communication-probe lockstep; do
  LOCKSTEP_MPI=mpich build --scratch-path "$products" --product "$product"
done
lockstep=$products/release/lockstep probe=$products/release/communication-probe
mpich=$(launcher mpich HYDRA)
openmpi=$(launcher openmpi open-mpi.org)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
passed=0

# check SENTENCE STATUS PATTERN COMMAND…: the command ends with STATUS (`some`: any but 0), and exactly one line of its
# output matches PATTERN (`-`: whatever it says).
check() {
  local sentence=$1 status=$2 pattern=$3 output actual=0 lines
  shift 3
  output=$(timeout --kill-after=5 300 "$@" 2>&1 </dev/null) || actual=$?
  lines=$(grep -cE -- "$pattern" <<<"$output") || true
  if [[ $lines != 1 && $pattern != - ]] || { [[ $status == some ]] && ((actual == 0 || actual == 124)); } ||
    { [[ $status != some ]] && ((actual != status)); }; then
    printf '%s\n' "$output" >&2
    fail 1 "failed: $sentence (exit $actual, expected $status; $lines lines match /$pattern/)"
  fi
  say "passed: $sentence"
  passed=$((passed + 1))
}

train=(train --recipe digits --iterations 20)
check "every collective is right, sums in shared memory" 0 '^all right: 2 ranks, MPICommunicator, \[\]$' \
  "$mpich" -n 2 "$probe" check
check "every collective is right, sums by MPICH" 0 '^all right: 2 ranks, MPICommunicator, \[\]$' \
  "$mpich" -n 2 "$probe" check library
check "a failure of one rank is printed once and ends all with its code" 42 '^rank 1: no data on rank 1' \
  "$mpich" -n 2 "$probe" fail
check "a rank with another value is named" 3 '^the plan hash differs between ranks: rank 0 has' \
  "$mpich" -n 2 "$probe" disagree
# What MPICH says about it does not always get through before the end.
check "an abort ends the rank that waits" 42 - "$mpich" -n 2 "$probe" abort
check "20 iterations of training stay in lockstep" 0 '^checkpoint .*iteration-00000020' \
  "$mpich" -n 2 "$lockstep" "${train[@]}" --verify-lockstep --output "$scratch/run"
if [[ $openmpi ]]; then
  check "Open MPI's mpirun is refused, once" some "Open MPI's mpirun started 2 processes, but MPI \(MPICH" \
    "$openmpi" --oversubscribe -n 2 "$lockstep" "${train[@]}" --output "$scratch/refused"
else
  say "skipped: the wrong mpirun is refused (no Open MPI here)"
fi
if [[ -x $repository/.build/release/lockstep ]]; then
  check "MPICH's mpirun is refused by a build with Open MPI, once" some 'a PMI launcher .* started 2 processes, but' \
    "$mpich" -n 2 "$repository/.build/release/lockstep" "${train[@]}" --output "$scratch/refused"
else
  say "skipped: MPICH's mpirun is refused by a build with Open MPI (none in .build)"
fi
[[ ! -e $scratch/refused ]] || fail 1 "failed: a refused start has made its run directory"
say "MPICH: all $passed checks passed."
