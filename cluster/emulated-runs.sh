# shellcheck shell=bash
# The run that the tests disturb, and the one that nobody disturbs. Source it after emulated-nodes.sh.
# shellcheck disable=SC2154 # variables of emulated.sh

# The same parameters after the same number of iterations, whatever the number of iterations in all, and whatever a
# measurement at the start would make of the network.
settings=(--recipe digits --communication "nodes,bucket=262144,split" --set training.learningRateDecay=none --set checkpoint.keep=1000 --set evaluation.every=0
  --set evaluation.samples=16 --set evaluation.classifierIterations=0)

# hosts FILE LINE…: makes a hostfile. Sets `hostfile`.
hosts() {
  hostfile=$scratch/$1
  printf '%s\n' "${@:2}" >"$hostfile"
}

# start RUN [RUN-OPTION…] [-- TRAIN-OPTION…]: a run by run.sh on node0, in the background, as a user would. Sets `job`, `log`.
start() {
  local run=$1 options=()
  shift
  while (($#)) && [[ $1 != -- ]]; do options+=("$1") && shift; done
  log=$scratch/$run.log
  "$tools/netcluster" exec 0 "$repository/cluster/run.sh" "${options[@]}" --bind none -- \
    train "${settings[@]}" --output "$scratch/$run" "${@:2}" &>>"$log" </dev/null &
  job=$!
}

has_ended() { ! kill -0 "$job" 2>/dev/null; }

# ends SECONDS: waits for the run, so long at most. Sets `status`.
ends() {
  await "$1" has_ended || wrong "still running after $1 s"
  status=0
  wait "$job" || status=$?
}

# succeeds SECONDS
succeeds() {
  ends "$1"
  ((status == 0)) || wrong "exit $status"
}

# fails_by SECONDS PATTERN: ends by itself so long after `struck`, not well, with a message.
fails_by() {
  ends $((($1 * 1000 - $(milliseconds) + struck) / 1000 + 1))
  took=$(($(milliseconds) - struck))
  ((status)) || wrong "exit 0 although it was disturbed"
  ((took <= $1 * 1000)) || wrong "ended after $took ms, later than $1 s"
  grep -qE -- "$2" "$log" || wrong "exit $status, and no message with /$2/"
  note "ended after $((took / 100 * 100)) ms, exit $status: $(grep -E -- "$2" "$log" | head -n 1)"
}

strike() { struck=$(milliseconds); }

checkpoint_of() { printf '%s/checkpoints/iteration-%08d.safetensors' "$scratch/$1" "$2"; }
has_checkpoint() { [[ $(newest_checkpoint "$scratch/$1") ]]; }

# underway RUN: the run is in the middle: it has a checkpoint.
underway() {
  local begin
  begin=$(milliseconds)
  until has_checkpoint "$1"; do
    ! has_ended || wrong "ended before its first checkpoint"
    (($(milliseconds) - begin < 60000)) || wrong "no checkpoint within 60 s"
    sleep 0.05
  done
}

# The numbers of a safetensors file. (What stands before them tells of dates, too.)
tensors() {
  local length
  length=$(od -A n -t u8 --endian=little -N 8 "$1" | tr -d ' ')
  tail -c "+$((length + 9))" "$1"
}

# same_bits RUN [ITERATION]: that checkpoint (the last) holds what the undisturbed run's does. (The last one of a shorter run
# has more in it: what the evaluation at the end makes.)
same_bits() {
  local mine theirs
  mine=$(checkpoint_of "$1" "${2:-$iterations}") theirs=$(checkpoint_of undisturbed "${2:-$iterations}")
  [[ -f $mine ]] || wrong "no ${mine##*/}; the newest is $(newest_checkpoint "$scratch/$1")"
  cmp -s <(tensors "$mine") <(tensors "$theirs") || wrong "$1: ${mine##*/} has not the undisturbed run's bits"
}

# Two nodes, and the run that nobody disturbs on them, made once for all tests. Sets `iterations`, `every`, `two` and adds to
# `settings`.
two_nodes() {
  local rate images
  nodes up 2 --slots 2
  hosts two 'node0 slots=1' 'node1 slots=1'
  two=(-n 2 --hostfile "$hostfile")
  if [[ ! -f $scratch/length ]]; then
    # Long enough to be disturbed in, on any machine: about 8 s.
    start rehearsal "${two[@]}" -- --iterations 200
    succeeds 60
    rate=$(sed -n 's/.* \([0-9,]*\) images\/s.*/\1/p' "$log" | tail -n 1)
    rate=${rate//,/}
    images=$((8 * ${rate:-0}))
    every=$((images / (24 * 64)))
    iterations=$((24 * every))
    ((iterations > 240)) || iterations=240
    start undisturbed "${two[@]}" -- --iterations "$iterations" --set "checkpoint.every=$((iterations / 24))" --verify-lockstep
    succeeds 120
    say "$iterations" >"$scratch/length"
  fi
  iterations=$(<"$scratch/length")
  every=$((iterations / 24))
  settings+=(--iterations "$iterations" --set "checkpoint.every=$every")
}
