#!/usr/bin/env bash
# Copy Lockstep to machines that have no Swift: one program that brings Swift's runtime along, and these scripts.
#
#   cluster/install.sh --hostfile nodes.txt [--prefix DIR]
#   cluster/install.sh --to DIR
#
#   --hostfile FILE  copies to DIR on every node of the file, by ssh, and on this machine
#   --prefix DIR     where to, on the nodes (default: lockstep in the home folder); must be a full path
#   --to DIR         copies to a folder here, such as one that all nodes share
#   --skip-build     takes the program that the last call built
#   -h, --help       this text
#
# The program is built into .build/static, beside the normal build, and still needs system libraries: MPI, OpenBLAS, libpng,
# libjpeg and zlib with what they need. Every node is asked which of them it lacks, and told the Debian packages that bring
# them. Then, on a machine with the copy (DIR/cluster has all scripts, run.sh and slurm.sbatch included):
#
#   DIR/cluster/run.sh -n 8 --hostfile nodes.txt -- train --recipe digits --output runs/a
#
# A running program keeps its old file. Exit: 0, 64 wrong options, 69 a node does not answer or lacks something.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=nodes.sh
source "$repository/cluster/nodes.sh"

parse() {
  hostfile='' target=$HOME/lockstep folder='' skip_build=false
  while (($#)); do
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    case $1 in
      -h | --help) print_help || exit; exit 0 ;;
      --skip-build) skip_build=true && shift && continue ;;
      --hostfile | --prefix | --to) (($# > 1)) || usage "$1 needs a value" ;;
      *) usage "unknown option $1" ;;
    esac
    case $1 in
      --hostfile) hostfile=$2 ;;
      --prefix) target=$2 ;;
      --to) folder=$2 ;;
    esac
    shift 2
  done
  [[ $hostfile || $folder ]] || usage "say where to: --hostfile FILE or --to DIR"
  [[ ! $hostfile || ! $folder ]] || usage "--hostfile and --to: one of them"
  [[ ! $hostfile || (-f $hostfile && -r $hostfile) ]] || usage "--hostfile $hostfile: no such file, or not readable"
  # (`-` and what begins with it mean something else to cd and mkdir.)
  [[ ! $folder || $folder == /* ]] || folder=./$folder
  [[ $target == /* ]] || usage "--prefix $target: must begin with /, for all nodes need the same"
}

# Builds the program and lays out in `stage` what goes to a node.
lay_out() {
  built=$repository/.build/static/release/lockstep
  if ! $skip_build; then
    set_up
    build --scratch-path "$repository/.build/static" --static-swift-stdlib --product lockstep
  fi
  [[ -x $built ]] || fail "$exit_unavailable" "$built is missing; leave --skip-build out"
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  mkdir "$stage/cluster"
  cp "$built" "$stage/lockstep"
  # Names of functions stay, for backtraces; a sixth of the file is only for debuggers.
  ! command -v strip >/dev/null || strip --strip-debug "$stage/lockstep"
  cp "$repository"/cluster/{run.sh,lib.sh,hostfile.sh,nodes.sh,leftovers.sh,launch.sh,batch.sh} "$repository"/cluster/{slurm.sbatch,slurm-srun.sbatch} \
    "$repository"/cluster/{pbs.sh,lsf.sh,gridengine.sh,hostfile.example,README.md} "$stage/cluster/"
  tar -C "$stage" -czf "$stage.tar.gz" lockstep cluster
  trap 'rm -rf "$stage" "$stage.tar.gz"' EXIT
}

# unpack DIR: its command line, for any shell. (tar puts a new file in the place of one that runs.)
unpack() {
  local to
  to=$(single_quoted "$1")
  printf 'mkdir -p %s && tar -C %s -xzof -' "$to" "$to"
}

# Copies to all nodes at once; what went wrong is said by ask_nodes, which finds no program.
copy_to_nodes() {
  local node line copies=()
  for node in "${nodes[@]}"; do
    if is_this_machine "$node"; then sh -c "$(unpack "$target")"; else "${reach[@]}" -- "$node" "$(unpack "$target")"; fi \
      <"$stage.tar.gz" 2>&1 | head -c 10000 | while IFS= read -r line || [[ $line ]]; do warn "$node: $line"; done &
    copies+=($!)
    ((${#copies[@]} % 16)) || await_all "${copies[@]}"
  done
  await_all "${copies[@]}"
  sh -c "$(unpack "$target")" <"$stage.tar.gz"
}

install_on_nodes() {
  local node
  find_agent || fail "$exit_unavailable" "--hostfile copies by ssh, which is missing or not what mpirun uses here; copy by --to DIR"
  read_hostfile "$hostfile" "--hostfile $hostfile"
  ((${#nodes[@]})) || usage "--hostfile $hostfile: names no node"
  lay_out
  copy_to_nodes
  ask_nodes "$target/lockstep"
  require_nodes "$hostfile"
  for node in "${nodes[@]}"; do say "$node: $target/lockstep, nothing missing"; done
  say "Start: $target/cluster/run.sh -n N --hostfile $hostfile -- train --recipe digits --output runs/a"
}

install_here() {
  local missing
  lay_out
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd -P)
  tar -C "$folder" -xzof "$stage.tar.gz"
  say "$folder: the program ($(du -h "$folder/lockstep" | cut -f 1)B) and its scripts. It needs these libraries of a machine, by Debian's packages:"
  mapfile -t missing < <(ldd "$folder/lockstep" | sed -n 's/^[[:space:]]*\(lib[^ ]*\) .*/\1/p')
  say "  $(packages_of "${missing[@]}")"
  mapfile -t missing < <(ldd "$folder/lockstep" | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p')
  ((${#missing[@]} == 0)) || fail "$exit_unavailable" "this machine lacks ${missing[*]}: $(packages_of "${missing[@]}")"
  say "Start: $folder/cluster/run.sh -n N -- train --recipe digits --output runs/a"
}

parse "$@"
if [[ $hostfile ]]; then install_on_nodes; else install_here; fi
