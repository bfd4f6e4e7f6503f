#!/usr/bin/env bash
# Every test: set up this machine, build, check the launch scripts, disturb a run some times, then `swift test`, multi-process
# tests included.
#
#   cluster/test.sh [--emulated] [--mpich] [SWIFT-TEST-OPTIONS]
#
#   --emulated  nodes and a Slurm in namespaces of this machine, too (root; cluster/emulated.sh)
#   --mpich     the communication against MPICH, too (cluster/mpich.sh)
#   -h, --help  this text
#
# Without options everything that needs no privileges. These SWIFT-TEST-OPTIONS choose tests and leave the rest out:
# --filter and --skip with a pattern, --parallel, --no-parallel, --verbose, for example
#
#   cluster/test.sh --filter CommunicationTests
#
# The output ends with swift test's own closing lines. Exit: 0 when everything passed, 64 wrong options.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

emulated=false mpich=false chosen=()
while (($#)); do
  case $1 in
    -h | --help) print_help || exit; exit 0 ;;
    --emulated) emulated=true ;;
    --mpich) mpich=true ;;
    --filter | --skip)
      (($# > 1)) || usage "$1 needs a pattern"
      chosen+=("$1" "$2") && shift
      ;;
    --filter=* | --skip=* | --parallel | --no-parallel | --verbose) chosen+=("$1") ;;
    *) usage "unknown option $1" ;;
  esac
  shift
done

# extra SCRIPT: runs one of the tests that were asked for.
extra() {
  [[ -x $repository/cluster/$1 ]] || fail "$exit_unavailable" "cluster/$1 is missing in this copy"
  "$repository/cluster/$1"
}

set_up
build --build-tests
if ((${#chosen[@]} == 0)); then
  "$repository/cluster/check.sh"
  # The endurance test in short; in full it takes half an hour: cluster/endurance.sh
  "$repository/cluster/endurance.sh" --acts 10 --ranks 2 --iterations 300
fi
if $emulated; then extra emulated.sh; fi
if $mpich; then extra mpich.sh; fi
# --skip-build: `swift test` would compile with a flag of its own, and so rebuild all of it, here and in the next build.
cd "$repository"
exec swift test --skip-build "${swift_flags[@]}" "${chosen[@]}" </dev/null
