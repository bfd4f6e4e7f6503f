# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what it shares with run.sh
# The folders of a start: what Open MPI keeps for a job goes into them, and nothing of it outlives the job. Source it after lib.sh.
#
# A start makes a folder in the temporary directory, for Open MPI's session and our own files, and one in shared memory, for
# the segments of its ranks. In each it holds a lock, of which the kernel lets go when the start is gone, however it ended.
# So a folder of this user, of this name, whose lock is free belongs to a dead start; the next one removes it.

folders=()

# clear_dead_starts BASE: removes what dead starts of this user have left in BASE.
clear_dead_starts() {
  local folder
  for folder in "$1/lockstep-$EUID-"*; do
    [[ ${folder##*/} =~ ^lockstep-[0-9]+-[A-Za-z0-9]{8}$ && -d $folder && ! -L $folder && -O $folder ]] || continue
    if [[ -f $folder/lock && ! -L $folder/lock ]]; then
      { flock -n 9 && rm -rf -- "$folder"; } 9<"$folder/lock"
    elif [[ $(find "$folder" -maxdepth 0 -mmin +60) ]]; then # not one that is just being made
      rm -rf -- "$folder"
    fi
  done 2>/dev/null || true
}

# make_folder BASE: sets `folder`, a new one of this start, and holds its lock as long as this script lives.
make_folder() {
  local lock
  for _ in 1 2 3; do
    folder=$(mktemp -d "$1/lockstep-$EUID-XXXXXXXX" 2>/dev/null) || return 1
    folders+=("$folder")
    : >"$folder/lock"
    exec {lock}<"$folder/lock"
    # Another start may have taken it for a dead one's between these lines.
    if flock -n "$lock" && [[ $folder/lock -ef /dev/fd/$lock ]]; then return 0; fi
  done
  return 1
}

remove_folders() { ((${#folders[@]} == 0)) || rm -rf -- "${folders[@]}"; }

# make_folders: sets `scratch`, where this start's own files go, and tells mpirun, through the environment, to put its
# session there and its segments into shared memory beside it: those on this machine, for other nodes do not have these
# folders. Sets `segments`, empty where Open MPI's own place is taken.
make_folders() {
  local base=${TMPDIR:-/tmp} folder
  [[ ! $scratch ]] || return 0
  trap remove_folders EXIT
  # Sockets have short names only, and mpirun hands this one on to shells.
  [[ $base =~ ^/[A-Za-z0-9_./-]{0,40}$ && -d $base && -w $base ]] || base=/tmp
  segments=''
  if ! command -v flock >/dev/null; then
    scratch=$(mktemp -d)
    folders=("$scratch")
    return
  fi
  clear_dead_starts "$base"
  clear_dead_starts /dev/shm
  make_folder "$base" || fail "$exit_unavailable" "$base: no folder can be made there; free some space, or set TMPDIR to a short path"
  scratch=$folder
  # A scheduler's daemons take the environment to other nodes.
  [[ -z ${SLURM_JOB_ID:-} && -z ${PE_HOSTFILE:-} ]] || return 0
  export TMPDIR=$scratch
  [[ ! $hostfile && ! ${OMPI_MCA_btl_vader_backing_directory:-} && -w /dev/shm ]] || return 0
  if make_folder /dev/shm; then segments=$folder; fi
}
