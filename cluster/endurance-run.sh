# shellcheck shell=bash
# The run that acts happen to: its lives, its parts, how far it is. Source it after lib.sh.
# shellcheck disable=SC2034,SC2154 # variables of endurance.sh

milliseconds() {
  local now=${EPOCHREALTIME/[.,]/}
  printf '%s' $((now / 1000))
}

# random BELOW: sets `drawn`. (A subshell would not move RANDOM on.)
random() { drawn=$(((RANDOM << 15 | RANDOM) % $1)); }

# pause MILLISECONDS
pause() { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; }

# newest DIR: the newest checkpoint, but for one that an act has put under a wrong name.
newest() {
  local LC_ALL=C file name newest=''
  for file in "$1"/checkpoints/iteration-*.safetensors; do
    name=${file##*/} name=${name%.safetensors}
    [[ $name =~ ^iteration-[0-9]{8}(-phase-[0-9]+)?$ && $name != "${wrong:-}" ]] || continue
    [[ ! $name > $newest ]] || newest=$name
  done
  printf '%s' "$newest"
}

# start DIR [COMMAND…]: a life of the run, under run.sh, in the background. Sets `launcher`, `log`, `before`.
start() {
  local run=$1
  shift
  log=$directory/${run##*/}.log before=$(newest "$run") session='' is_mute=false is_dead_start=false
  # bash starts what runs in the background with Ctrl-C ignored; undo that.
  LOCKSTEP_BINARY=${program_of_ranks:-$binary} "$@" env --default-signal=INT "$repository/cluster/run.sh" -n "$ranks" \
    --bind none -- train --recipe "$recipe" --iterations "$iterations" --set checkpoint.every="$every" \
    --set evaluation.every=0 --set evaluation.samples=16 --set evaluation.classifierIterations=0 "${settings[@]}" \
    --output "$run" --resume auto &>"$log" </dev/null &
  launcher=$!
}

is_alive() { [[ $launcher ]] && kill -0 "$launcher" 2>/dev/null; }

# await_launcher: waits for run.sh, which has ended or will at once. Sets `status`.
await_launcher() {
  status=0
  { wait "$launcher" || status=$?; } 2>/dev/null
  launcher='' session=''
  if ((status == 0)); then completed=true; fi
}

# The parts of a started run, as far as they exist: mpirun leads the session that run.sh makes.
find_mpirun() {
  local pid
  for pid in $(<"/proc/$launcher/task/$launcher/children"); do
    [[ ! $(readlink "/proc/$pid/exe") =~ /(mpirun|orterun|prterun)$ ]] || say "$pid"
  done 2>/dev/null || true
}
find_ranks() {
  local pid
  for pid in $(session_members "$1"); do
    [[ $(readlink "/proc/$pid/exe") != "$binary" ]] || say "$pid"
  done 2>/dev/null || true
}

# find_parts: sets `session`, which is mpirun's number, too, and `found`, the ranks, as far as they exist.
find_parts() {
  session=''
  # (In its first moments run.sh has not started it yet.)
  until [[ $session ]] || ! is_alive; do session=$(find_mpirun); done
  found=()
  if [[ $session ]]; then mapfile -t found < <(find_ranks "$session"); fi
}

# goes_on SECONDS DIR FROM: whether the run gets past FROM within that time, or to its end.
goes_on() {
  local end=$(($(milliseconds) + $1 * 1000))
  while is_alive; do
    [[ $(newest "$2") == "$3" ]] || return 0
    (($(milliseconds) < end)) || return 1
    sleep 0.02
  done
  return 0
}

# underway: there is a life that trains, a new one if need be. False when the run has come to its end, or has ended.
underway() {
  if ! is_alive; then
    [[ ! $launcher ]] || await_launcher
    ! $completed || next_run
    start "$hurt"
    if ! goes_on 30 "$hurt" "$before"; then violation "no checkpoint within 30 s of a start"; fi
  fi
  if is_alive; then
    find_parts
    if ((${#found[@]})); then return 0; fi
  fi
  ended_by_itself
  return 1
}

# ended_by_itself: takes note of a life that has ended before an act.
ended_by_itself() {
  outcome='the run was complete before'
  check_end 10
  ((status == 0)) || violation "the run ended by itself, with exit $status"
}

# halt: ends the life there is, with a checkpoint.
halt() {
  is_alive || { [[ ! $launcher ]] || await_launcher && return; }
  [[ $session ]] || find_parts
  kill -TERM "$launcher" 2>/dev/null || true
  check_end 30
  ((status == 75 || status == 0)) || violation "exit $status after SIGTERM, not 75"
}

# finish DIR: runs to the end without acts. Sets `status`, `took`.
finish() {
  local begin
  begin=$(milliseconds)
  start "$1"
  await_launcher
  took=$(($(milliseconds) - begin))
  ((status == 0)) || violation "${1##*/}: exit $status without an act"
}

# What a checkpoint that is being written is called.
partials() { compgen -G "$hurt/checkpoints/.*.partial" || true; }

# Whether a checkpoint is being written right now. What earlier kills left half-written, in `stale`, does not count.
is_writing() {
  local file
  for file in "$hurt"/checkpoints/.*.partial; do
    [[ ! -e $file || $'\n'$stale$'\n' == *$'\n'"$file"$'\n'* ]] || return 0
  done
  return 1
}

# Waits, 1 s at most, until a checkpoint is being written.
await_write() {
  local end=$(($(milliseconds) + 1000))
  until is_writing || ((${EPOCHREALTIME/[.,]/} / 1000 > end)); do :; done
}
