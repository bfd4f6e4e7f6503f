# shellcheck shell=bash
# Launches that are right, or not quite. Source it after emulated-runs.sh.
# shellcheck disable=SC2034,SC2154 # variables of emulated.sh and of emulated-runs.sh

test_two_nodes() {
  local node
  two_nodes
  start two_nodes "${two[@]}" -- --verify-lockstep
  underway two_nodes
  for node in 0 1; do
    rank_on "$node" >/dev/null || wrong "no rank on node$node"
  done
  succeeds 60
  same_bits two_nodes
  strike
  all_gone 0 1
}

test_private_output() {
  local output=$scratch/private_output half
  two_nodes
  half=$((12 * every))
  mkdir "$output"
  on 1 mount -t tmpfs none "$output"
  start private_output "${two[@]}" -- --iterations $((6 * every))
  succeeds 60
  start private_output "${two[@]}" -- --iterations "$half" --resume auto
  succeeds 60
  grep -qF "$(printf 'iteration-%08d' $((6 * every)))" "$log" || wrong "the second start did not go on from the first"
  [[ -z $(on 1 ls -A "$output") ]] || wrong "node1 wrote into its output directory: $(on 1 ls -A "$output")"
  same_bits private_output $((half - every))
}

test_unreachable_node() {
  nodes up 2
  nodes crash 1
  hosts unreachable 'node0 slots=1' 'node1 slots=1'
  strike
  start unreachable_node -n 2 --hostfile "$hostfile" -- --iterations 20
  fails_by 20 node1
  hosts unknown 'node0 slots=1' 'node9 slots=1'
  strike
  start unreachable_node-unknown -n 2 --hostfile "$hostfile" -- --iterations 20
  fails_by 20 node9
  all_gone 0
}

test_other_program() {
  local other=$scratch/other-program
  two_nodes
  cp "$LOCKSTEP_BINARY" "$other"
  say 'not the same' >>"$other"
  on 1 mount --bind "$other" "$LOCKSTEP_BINARY"
  strike
  start other_program "${two[@]}" -- --iterations "$every"
  ends 60
  ((status)) || skip "this program does not compare itself across nodes"
  ((status >= 64 && status <= 78)) || wrong "exit $status, not one of 64 to 78"
  grep -qi program "$log" || wrong "no message about the program"
  all_gone 0 1
}

# Two ranks of a node, with more gradients than it has shared memory for.
test_little_memory() {
  local size
  nodes up 1
  hosts crowd 'node0 slots=2'
  settings=(--recipe digits-dense --set evaluation.every=0 --set evaluation.samples=16 --set evaluation.classifierIterations=0
    --set 'model.generator.hiddenBefore=[2048,4096]' --set 'model.discriminator.hiddenBefore=[4096,2048]')
  for size in 64m 1m; do
    on 0 mount -o "remount,size=$size" /dev/shm
    start "little_memory-$size" -n 2 --hostfile "$hostfile" -- --iterations 3 --verify-lockstep
    succeeds 90
    [[ $(grep -c '^/dev/shm: ' "$log") == 1 ]] || wrong "$size: $(grep -c '^/dev/shm: ' "$log") lines about it, not one"
    note "$size: $(grep '^/dev/shm: ' "$log")"
  done
}

# crowd RANKS ITERATIONS: on one node, without a hostfile.
crowd() {
  local begin
  nodes up 1
  begin=$(milliseconds)
  start "ranks_$1" -n "$1" -- --iterations "$2" --verify-lockstep
  succeeds 150
  strike
  note "$1 ranks, $2 iterations: $(((struck - begin) / 1000)) s"
  all_gone 0
}
test_ranks_16() { crowd 16 5; }
test_ranks_64() { crowd 64 2; }
