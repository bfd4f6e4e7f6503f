#!/usr/bin/env bash
# Train a first network: set up this machine, build, then 2,200 iterations on handwritten digits on two ranks.
#
#   cluster/quickstart.sh [TRAIN-OPTIONS]
#
# Installs missing system packages (as root or by sudo; otherwise prints the line to run and stops), builds Lockstep and
# runs `lockstep train --recipe digits` under mpirun. It works from any directory and writes to a fresh
# runs/quickstart, runs/quickstart-2, … of the repository. TRAIN-OPTIONS go to `lockstep train`, for example
#
#   cluster/quickstart.sh --iterations 300 --seed 7
#
# Exit: 0, or what training ended with; 69 when a package or Swift is missing and cannot be installed from here.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for argument; do
  case $argument in -h | --help) print_help || exit; exit 0 ;; esac
done

started_in=$PWD
set_up
# shellcheck disable=SC2119 # the program alone
build
cd "$repository"

run=runs/quickstart
for ((number = 2; ; number++)); do
  [[ -e $run ]] || break
  run=runs/quickstart-$number
done
cluster/run.sh -n 2 -- train --recipe digits --output "$run" "$@"

# Command lines that work where the caller stands.
[[ $started_in == "$repository" ]] && base='' || base=$repository/
cat <<TEXT

Next:
  ${base}.build/release/lockstep sample ${base}$run --count 40 --classes 0,1,2,3,4,5,6,7,8,9 --output digits.png
  ${base}.build/release/lockstep evaluate ${base}$run
  ${base}cluster/run.sh --help      # more ranks, more nodes
TEXT
