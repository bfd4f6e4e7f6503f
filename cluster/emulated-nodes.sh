# shellcheck shell=bash
# Emulated nodes from outside: what runs on them. Source it after lib.sh.
# shellcheck disable=SC2154 # variables of emulated.sh

milliseconds() {
  local now=${EPOCHREALTIME/[.,]/}
  printf '%s' $((now / 1000))
}

# How a test ends before its time.
wrong() { say "$*" && exit 1; }
skip() { say "$*" && exit "$exit_skipped"; }
note() { say "note: $*"; }

nodes() { "$tools/netcluster" "$@" >/dev/null; }
# on NODE COMMAND…
on() { "$tools/netcluster" exec "$@"; }

# await SECONDS COMMAND…: until the command succeeds; false when it never does.
await() {
  local end=$(($(milliseconds) + $1 * 1000))
  shift
  until "$@"; do
    (($(milliseconds) < end)) || return 1
    sleep 0.1
  done
}

# processes NODE: the ids, as this machine counts, of what runs there beside the node's own daemons. (sshd finds out late that
# the other side is gone.) One that has ended and waits for its parent to notice does not count.
processes() {
  local init space entry name state
  init=$(<"$NETCLUSTER_DIR/node$1/init.pid")
  space=/proc/$init/ns/pid
  [[ -e $space ]] || return 0
  for entry in /proc/[0-9]*; do
    [[ ${entry#/proc/} != "$init" && $entry/ns/pid -ef $space ]] || continue
    { read -r name <"$entry/comm" && state=$(<"$entry/stat"); } 2>/dev/null || continue
    state=${state##*) }
    [[ $name =~ ^(sshd|slurmd|slurmctld|slurmscriptd)$ || $state == [ZX]* ]] || say "${entry#/proc/}"
  done
}

# rank_on NODE: the process that is the program there; false when there is none.
rank_on() {
  local process
  for process in $(processes "$1"); do
    # (Where a kernel shows another file system's view, the path still tells.)
    if [[ /proc/$process/exe -ef $LOCKSTEP_BINARY ]]; then say "$process" && return; fi
  done
  return 1
}

# named NODE PROGRAM…: a process there with one of these names.
named() {
  local process name
  for process in $(processes "$1"); do
    { read -r name <"/proc/$process/comm"; } 2>/dev/null || continue
    [[ " ${*:2} " != *" $name "* ]] || { say "$process" && return; }
  done
  return 1
}

is_empty() { [[ ! $(processes "$1") ]]; }

# in_memory NODE: the files behind shared memory there.
in_memory() { on "$1" sh -c 'ls /dev/shm' | grep -E '^(vader_segment|osc_sm|lockstep-)' || true; }

# all_gone NODE…: nothing of a job runs there any more, nor is in its shared memory, within 20 s of `struck`.
all_gone() {
  local node process
  for node; do
    while ! is_empty "$node"; do
      if (($(milliseconds) - struck > 20000)); then
        for process in $(processes "$node"); do tr '\0' ' ' <"/proc/$process/cmdline" && say; done
        wrong "still there on node$node 20 s later"
      fi
      sleep 0.1
    done
    [[ ! $(in_memory "$node") ]] || wrong "left in the shared memory of node$node: $(in_memory "$node")"
  done
}
