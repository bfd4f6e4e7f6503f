# shellcheck shell=bash
# The acts. Each finds or starts a life of `hurt`, does its deed, sees that what must follow follows, and sets `outcome`, in
# words, and `took`, the milliseconds until the run had ended or gone on. Source it after endurance-checks.sh.
# shellcheck disable=SC2034,SC2154 # variables of endurance.sh

# pick WORD…: sets `picked`, one of them (and `drawn`).
pick() {
  random $#
  shift "$drawn"
  picked=$1
}

# signal NAME PROCESS…: false when there is none any more.
signal() { kill -s "$1" "${@:2}" 2>/dev/null; }

act_kill() {
  local writing='' victim when
  random 3
  when=$drawn
  if ! is_alive; then
    ! $completed || next_run
    stale=$(partials)
    start "$hurt"
    random $((700 * ranks + 500)) # the time to start up, and some to train
  else
    stale=''
    random 500
  fi
  pause "$drawn"
  is_alive || { ended_by_itself && return; }
  find_parts
  [[ $session ]] || { ended_by_itself && return; }
  pick 'one rank' 'all ranks' mpirun everything
  victim=$picked
  if ((${#found[@]})); then
    random ${#found[@]}
    ((when)) || await_write
  else
    victim=mpirun
  fi
  if is_writing; then writing=', writing' writes=$((writes + 1)); fi
  outcome="$victim$writing"
  case $victim in
    'one rank') signal KILL "${found[drawn]}" ;;
    'all ranks') signal KILL "${found[@]}" ;;
    mpirun) signal KILL "$session" ;;
    everything) signal KILL "$launcher" "$session" "${found[@]}" && is_dead_start=true ;;
  esac || outcome='nothing any more'
  check_end 10
  if [[ $outcome == nothing* && $status != 0 ]]; then violation "the run ended by itself, with exit $status"; fi
  outcome+=", exit $status"
}

act_crash() {
  underway || return 0
  pick SEGV ABRT BUS ILL TRAP FPE QUIT
  random ${#found[@]}
  outcome="SIG$picked to a rank"
  signal "$picked" "${found[drawn]}" || { ended_by_itself && return; }
  check_end 30
  case $status in
    75 | 130) violation "exit $status after SIG$picked: a crash is no stop" ;;
    0) outcome+=' came too late' ;;
  esac
  outcome+=", exit $status"
}

act_stop() {
  local whom expected=75 victim
  underway || return 0
  pick run.sh run.sh 'a rank'
  whom=$picked
  if [[ $whom == run.sh ]]; then
    pick TERM HUP INT USR1 USR2
    victim=$launcher
    [[ $picked != INT ]] || expected=130
  else
    pick TERM HUP USR1 USR2
    random ${#found[@]}
    victim=${found[drawn]}
  fi
  outcome="SIG$picked to $whom"
  signal "$picked" "$victim" || { ended_by_itself && return; }
  check_end 30
  ((status == expected || status == 0)) || violation "exit $status after $outcome, not $expected"
  outcome+=", exit $status"
}

act_pause() {
  local victims=() from begin
  underway || return 0
  pick 'a rank' 'all ranks' mpirun run.sh
  random ${#found[@]}
  case $picked in
    'a rank') victims=("${found[drawn]}") ;;
    'all ranks') victims=("${found[@]}") ;;
    mpirun) victims=("$session") ;;
    run.sh) victims=("$launcher") ;;
  esac
  random 2000
  outcome="$picked stood still for $drawn ms"
  signal STOP "${victims[@]}" || { ended_by_itself && return; }
  pause "$drawn"
  from=$(newest "$hurt")
  signal CONT "${victims[@]}" || true
  check_goes_on "$hurt" "$from"
}

# check_goes_on DIR FROM: within 30 s. Sets `took`. A life that came to its end has exit 0.
check_goes_on() {
  local begin
  begin=$(milliseconds)
  if ! goes_on 30 "$1" "$2"; then
    violation "did not go on within 30 s"
    halt
  fi
  took=$(($(milliseconds) - begin))
  if [[ $launcher ]] && ! is_alive; then
    check_end 10
    ((status == 0)) || violation "ended with exit $status"
    outcome+=", then the end"
  fi
}

# find_blindness: sets `blind`, a command that makes the mode of files hold for root, too.
find_blindness() {
  local file=$directory/tmp/secret
  blind=()
  ((EUID == 0)) || return 0
  : >"$file" && chmod 000 "$file"
  blind=(setpriv --bounding-set "-dac_override,-dac_read_search")
  if ! "${blind[@]}" true || "${blind[@]}" cat "$file"; then blind=(none); fi &>/dev/null
  rm -f "$file"
}

# at_rest: the run stands still, with a checkpoint, before its end. False when it has come to its end.
at_rest() {
  halt
  ! $completed || next_run
  if [[ ! $(newest "$hurt") ]]; then
    underway || return 1
    halt
    ! $completed || return 1
  fi
  snapshot
}

act_unreadable() {
  local files file listing way begin
  at_rest || return 0
  files=("$hurt"/checkpoints/iteration-*.safetensors)
  pick newest all
  way=$picked
  [[ $way == all ]] || files=("$hurt/checkpoints/$(newest "$hurt").safetensors")
  pick mode link
  if [[ ${blind[0]:-} == none ]]; then picked='link'; fi
  outcome="$way checkpoint(s), by $picked"
  for file in "${files[@]}"; do
    if [[ $picked == mode ]]; then
      chmod 000 "$file"
    else
      mv "$file" "$file.away" && ln -s "$hurt/nothing" "$file"
    fi
  done
  listing=$(what_is_there)
  begin=$(milliseconds)
  if [[ $picked == mode ]]; then start "$hurt" "${blind[@]}"; else start "$hurt"; fi
  while is_alive && (($(milliseconds) - begin < 30000)); do sleep 0.02; done
  took=$(($(milliseconds) - begin))
  if is_alive; then
    violation "a start whose newest checkpoint cannot be read has not ended within 30 s"
    kill -KILL "$launcher"
  fi
  await_launcher
  if ((status == 0 || status == 75)); then violation "exit $status although the newest checkpoint cannot be read"; fi
  [[ $listing == "$(what_is_there)" ]] || violation "a start that was refused has changed something"
  outcome+=", exit $status"
  for file in "${files[@]}"; do
    if [[ $picked == mode ]]; then chmod 644 "$file"; else mv "$file.away" "$file"; fi
  done 2>/dev/null || violation "checkpoints that could not be read are gone"
  completed=false
  check_residue
}

# what_is_there: the checkpoints and measurements of the run, by inode, mode and size.
# shellcheck disable=SC2010 # names are ours
what_is_there() { ls -lin --time-style=+ "$hurt"/checkpoints "$hurt"/metrics.jsonl 2>/dev/null | grep -v '^total' || true; }

act_moved() {
  local away=$hurt.away from way begin
  underway || return 0
  from=$(newest "$hurt")
  pick back replaced
  way=$picked
  outcome="moved, then $way"
  mv "$hurt" "$away"
  if [[ $way == replaced ]]; then mkdir "$hurt"; fi
  random 1000
  pause "$drawn"
  if [[ $way == replaced ]] && is_alive; then
    begin=$(milliseconds)
    goes_on 30 "$away" "$from" || violation "did not go on within 30 s in the directory it holds"
    took=$(($(milliseconds) - begin))
    signal TERM "$launcher" || true
    begin=$(milliseconds)
    while is_alive && (($(milliseconds) - begin < 30000)); do sleep 0.05; done
  fi
  if compgen -G "$hurt/checkpoints/*" >/dev/null; then violation "the run wrote where its directory was moved away from"; fi
  rm -rf "$hurt"
  mv "$away" "$hurt"
  if [[ $way == back ]]; then
    check_goes_on "$hurt" "$from"
  else
    check_end 10
    ((status == 75 || status == 0)) || violation "exit $status after SIGTERM, not 75"
  fi
}

# is_early: a good part of the run is still to come.
is_early() {
  local name
  name=$(newest "$hurt")
  name=${name#iteration-} name=${name%%-*}
  ((10#${name:-0} * 2 < iterations))
}

# fill: leaves so many bytes of the small disk free.
fill() {
  local free
  free=$(df --output=avail -B1 "$home" | tail -n 1)
  head -c $((free > $1 ? free - $1 : 0)) /dev/zero >"$home/filler" 2>/dev/null || true
}

act_full() {
  local from begin
  if is_alive && ! is_early; then halt; fi
  if ! is_alive; then
    ! $completed || next_run
    if ! is_early; then # the last checkpoint of a run must be written
      if [[ $launcher ]]; then await_launcher; fi
      finish "$hurt"
      next_run
    fi
  fi
  pick 0 4096 65536 400000 1500000
  if ! is_alive && ((RANDOM % 2)); then
    outcome="no space at the start ($picked bytes)"
    fill "$picked"
    start "$hurt"
    random 2000
    pause "$drawn"
    from=$(newest "$hurt") begin=$(milliseconds)
    rm -f "$home/filler"
    if ! goes_on 30 "$hurt" "$from"; then
      violation "did not go on within 30 s"
      halt
    elif is_alive; then
      took=$(($(milliseconds) - begin))
    else
      check_end 10
      # What a run cannot do without may be refused, by its code.
      [[ $status == @(73|74|0) ]] || violation "exit $status without space, not 73 or 74"
      outcome+=", exit $status"
    fi
  else
    underway || return 0
    outcome="no space under way ($picked bytes)"
    fill "$picked"
    random 1500
    pause "$drawn"
    from=$(newest "$hurt")
    rm -f "$home/filler"
    check_goes_on "$hurt" "$from"
  fi
}

act_names() {
  local files old from
  at_rest || return 0
  files=("$hurt"/checkpoints/iteration-*.safetensors)
  old=${files[0]}
  random 1000
  wrong=$(printf 'iteration-%08d' $((iterations + 1 + drawn)))
  outcome="${old##*/} as $wrong"
  from=$(newest "$hurt")
  cp "$old" "$hurt/checkpoints/$wrong.safetensors"
  start "$hurt"
  check_goes_on "$hurt" "$from"
  [[ -f $hurt/checkpoints/$wrong.safetensors ]] || violation "a file that is not the run's own is gone"
  rm -f "$hurt/checkpoints/$wrong.safetensors"
  wrong=''
}

# make_wrappers: programs that are lockstep with nothing to write to.
make_wrappers() {
  printf '#!/bin/sh\nexec "%s" "$@" >&- 2>&-\n' "$binary" >"$directory/closed"
  printf '#!/bin/sh\nexec "%s" "$@" >"%s" 2>&1\n' "$binary" "$directory/pipe" >"$directory/stuck"
  printf '#!/bin/sh\nexec "$@" >&- 2>&-\n' >"$directory/mute"
  chmod +x "$directory/"{closed,stuck,mute}
  mkfifo "$directory/pipe"
  # Full, and nobody reads.
  exec {pipe}<>"$directory/pipe"
  dd if=/dev/zero of="$directory/pipe" bs=4096 oflag=nonblock 2>/dev/null || true
}

act_closed() {
  local program_of_ranks=''
  halt
  ! $completed || next_run
  pick closed stuck 'closed for run.sh'
  outcome="output $picked"
  case $picked in
    closed | stuck)
      program_of_ranks=$directory/$picked
      start "$hurt"
      ;;
    *) start "$hurt" "$directory/mute" ;;
  esac
  is_mute=true
  check_goes_on "$hurt" "$before"
  is_alive || return 0
  find_parts
  random 500
  pause "$drawn"
  signal TERM "$launcher" || true
  check_end 30
  ((status == 75 || status == 0)) || violation "exit $status after SIGTERM, not 75"
  outcome+=", exit $status"
}
