# shellcheck shell=bash
# What may happen to a run on two nodes. Source it after emulated-runs.sh.
# shellcheck disable=SC2154 # variables of emulated.sh and of emulated-runs.sh

test_crash() {
  two_nodes
  start crash "${two[@]}"
  underway crash
  strike
  nodes crash 1
  fails_by 20 'on node node1|rank 1'
  all_gone 0
  # The remaining node alone, with one rank: the same run up to the order of additions.
  cp -r "$scratch/crash" "$scratch/crash-alone"
  hosts one 'node0 slots=1'
  start crash-alone -n 1 --hostfile "$hostfile" -- --resume auto
  succeeds 90
  [[ -f $(checkpoint_of crash-alone "$iterations") ]] || wrong "the remaining node did not finish"
  nodes boot 1
  start crash "${two[@]}" -- --resume auto
  succeeds 60
  same_bits crash
}

test_crash_restarts() {
  two_nodes
  start crash_restarts "${two[@]}" --restarts 5
  underway crash_restarts
  nodes crash 1
  sleep 2
  nodes boot 1
  succeeds 90
  grep -q 'restart 1 of 5' "$log" || wrong "run.sh did not say that it restarts"
  same_bits crash_restarts
}

test_crash_remaining() {
  two_nodes
  start crash_remaining "${two[@]}" --restarts 5
  underway crash_remaining
  nodes crash 1
  succeeds 120
  grep -q 'going on without node1' "$log" || wrong "run.sh did not say which node it leaves out"
  [[ -f $(checkpoint_of crash_remaining "$iterations") ]] || wrong "no checkpoint of the last iteration"
}

test_cut() {
  two_nodes
  start cut "${two[@]}"
  underway cut
  strike
  nodes cut 1
  fails_by 20 'on node node1|rank 1'
  all_gone 0 1
  nodes heal 1
  start cut "${two[@]}" -- --resume auto
  succeeds 60
  same_bits cut
}

test_cut_briefly() {
  two_nodes
  start cut_briefly "${two[@]}"
  underway cut_briefly
  nodes cut 1
  sleep 5
  ! has_ended || wrong "did not outlast 5 s"
  nodes heal 1
  succeeds 60
  same_bits cut_briefly
}

test_mpirun_killed() {
  local launcher
  two_nodes
  start mpirun_killed "${two[@]}"
  underway mpirun_killed
  launcher=$(named 0 mpirun orterun) || wrong "no mpirun on node0"
  strike
  kill -KILL "$launcher"
  ends 20
  ((status)) || wrong "exit 0 although mpirun was killed"
  all_gone 0 1
  note "all gone after $(($(milliseconds) - struck)) ms, exit $status"
}

# limp PROCESS: lets it run 50 ms of every 500, until it has ended.
limp() {
  while kill -STOP "$1" 2>/dev/null; do
    sleep 0.45
    kill -CONT "$1" 2>/dev/null || break
    sleep 0.05
  done
}

test_slow_node() {
  local begin length limping
  two_nodes
  length=$((4 * every))
  start slow_node "${two[@]}" -- --iterations "$length"
  underway slow_node
  limp "$(rank_on 1)" &
  limping=$!
  begin=$(milliseconds)
  ends 120
  wait "$limping" || true
  ((status == 0)) || wrong "exit $status"
  note "the rest of $length iterations took $(($(milliseconds) - begin)) ms at a tenth of one node's speed"
  same_bits slow_node $((length - every))
}

test_stopped_rank() {
  local victim
  two_nodes
  start stopped_rank "${two[@]}" -- --stall-timeout 4 --communication auto
  underway stopped_rank
  victim=$(rank_on 1) || wrong "no rank on node1"
  strike
  kill -STOP "$victim"
  fails_by 24 'rank 1'
  ((status == 70)) || wrong "exit $status, not 70"
  all_gone 0 1
}
