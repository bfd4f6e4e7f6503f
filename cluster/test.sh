#!/usr/bin/env bash
# Every test: set up this machine, build, check the launch scripts, kill a run some times, then `swift test`, multi-process
# tests included.
#
#   cluster/test.sh [SWIFT-TEST-OPTIONS]
#
# SWIFT-TEST-OPTIONS go to `swift test`, for example
#
#   cluster/test.sh --filter CommunicationTests
#
# The output ends with swift test's own closing lines. Exit: 0 when everything passed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for argument; do
  case $argument in -h | --help) print_help && exit 0 ;; esac
done

set_up
build --build-tests
if ((!$#)); then
  "$repository/cluster/check.sh"
  # The kill test in short; in full it takes half an hour: cluster/endurance.sh
  "$repository/cluster/endurance.sh" --kills 6 --ranks 2 --iterations 300
fi
# --skip-build: `swift test` would compile with a flag of its own, and so rebuild all of it, here and in the next build.
cd "$repository"
exec swift test --skip-build "${swift_flags[@]}" "$@" </dev/null
