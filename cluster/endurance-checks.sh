# shellcheck shell=bash
# What must be so after an act. Source it after endurance-run.sh.
# shellcheck disable=SC2034,SC2154 # variables of endurance.sh

violation() {
  violations=$((violations + 1))
  warn "VIOLATION: $*"
  if [[ -s ${log:-} ]]; then
    tail -n 5 "$log" | sed 's/^/  | /' >&"$spoken"
    cp "$log" "$directory/violation-$violations.log"
  fi
}

# left: processes of the session, or whose command line names the run.
left() {
  local file
  [[ -z $session ]] || session_members "$session"
  for file in /proc/[0-9]*/cmdline; do
    if tr '\0' '\n' <"$file" | grep -qxF -- "$hurt"; then file=${file#/proc/} && say "${file%%/*}"; fi
  done 2>/dev/null || true
}

# residue: what this user's starts have in shared memory and in the temporary directory, and no process uses.
residue() {
  local file
  for file in /dev/shm/{vader_segment.*,osc_sm.*,lockstep-"$EUID"-*} "$TMPDIR"/{lockstep-"$EUID"-*,ompi.*}; do
    [[ -e $file && -O $file ]] || continue
    [[ ! -f $file/lock ]] || { flock -n 9 || continue; } 9<"$file/lock"
    [[ -d $file ]] || ! grep -qsF -- "$file" /proc/[0-9]*/maps || continue
    say "$file"
  done 2>/dev/null || true
}

# check_residue: nothing is left that was not there before the test.
check_residue() {
  local now
  now=$(residue | grep -vxF -e "${residue_before:-none}" || true)
  [[ ! $now ]] || violation "left behind: ${now//$'\n'/ }"
}

# snapshot, check_kept: the checkpoints before an act are there after it, with their bytes, or newer ones took their place.
snapshot() {
  local file sum
  kept=()
  for file in "$hurt"/checkpoints/iteration-*.safetensors; do
    # A run under way may remove one while we look.
    sum=$(cksum <"$file") || continue
    kept[${file##*/}]=$sum
  done 2>/dev/null
}
check_kept() {
  local name sum newer file
  for name in "${!kept[@]}"; do
    sum=$(cksum <"$hurt/checkpoints/$name") 2>/dev/null || sum=''
    [[ $sum != "${kept[$name]}" ]] || continue
    [[ ! $sum ]] || { violation "$name has other bytes than before" && continue; }
    newer=0
    for file in "$hurt"/checkpoints/iteration-*.safetensors; do [[ ! ${file##*/} > $name ]] || newer=$((newer + 1)); done
    # Of a run under way some may go, and come, while we count.
    ((newer > 1)) || violation "$name is gone, and $newer newer ones are there"
  done
}

# check_end SECONDS: the run ends within that time and leaves nothing. Sets `took` (ms), `status`.
check_end() {
  local begin pids
  begin=$(milliseconds)
  while
    mapfile -t pids < <(left)
    ((${#pids[@]} && $(milliseconds) - begin < $1 * 1000))
  do sleep 0.05; done
  took=$(($(milliseconds) - begin))
  if ((${#pids[@]})); then
    violation "$1 s after the act there are still processes ${pids[*]}"
    kill -KILL "${pids[@]}" || true
    is_dead_start=true # run.sh was among them, and cleans up no more
  fi
  await_launcher
  $is_dead_start || check_residue
  check_resume
  check_checkpoints "$hurt"
}

# check_checkpoints DIR: inspect lists the run and reads every checkpoint.
check_checkpoints() {
  local file
  [[ $(newest "$1") ]] || return 0
  for file in "$1" "$1"/checkpoints/iteration-*.safetensors; do
    [[ $file != *"${wrong:-nothing}"* ]] || continue
    "$binary" inspect "$file" &>"$directory/inspect.log" ||
      violation "inspect ${file##*/}: $(grep -v OPENBLAS "$directory/inspect.log" | tail -n 1)"
  done
}

# check_resume: if the life that just ended got anywhere, it went on from the checkpoint that was there.
check_resume() {
  local now
  now=$(newest "$hurt")
  [[ $before && $now != "$before" ]] || return 0
  if [[ $now < $before ]]; then
    violation "$before is gone, the newest is ${now:-none}"
  elif $is_mute; then
    return 0
  elif grep -qF -- "$before.safetensors" "$log"; then
    resumed=$((resumed + 1))
  elif [[ $outcome != *mpirun* && $outcome != *everything* ]]; then # what mpirun had no time to hand on says nothing
    violation "did not go on from $before, but wrote $now"
  fi
}

# same_tensors FILE FILE: prints what differs; the metadata may.
same_tensors() {
  if command -v python3 >/dev/null; then
    python3 - "$@" <<'PYTHON'
import json, struct, sys

def tensors(path):
    content = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return {
        name: (entry["dtype"], entry["shape"], content[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]])
        for name, entry in header.items()
    }

first, second = map(tensors, sys.argv[1:])
differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
if differing:
    sys.exit(f"{len(differing)} of {len(first)} tensors differ, the first is {differing[0]}")
PYTHON
  else
    cmp <(tail -c "+$(($(header_length "$1") + 9))" "$1") <(tail -c "+$(($(header_length "$2") + 9))" "$2")
  fi
}
header_length() { od -A n -t u8 --endian=little -N 8 "$1" | tr -d ' '; }

# check_result DIR UNDISTURBED
check_result() {
  local difference name
  runs=$((runs + 1))
  name=$(newest "$1")
  if [[ $name != "$(newest "$2")" ]]; then
    violation "the last checkpoint is ${name:-none}, that of the undisturbed run $(newest "$2")"
  elif ! difference=$(same_tensors {"$1","$2"}/checkpoints/"$name.safetensors" 2>&1); then
    violation "not the undisturbed run's bits: $difference"
  else
    identical=$((identical + 1))
    say "$ranks ranks: $name of ${1##*/} equals the undisturbed run's bit for bit"
  fi
}
