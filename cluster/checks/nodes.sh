# shellcheck shell=bash disable=SC2154
# Checks of hostfiles and lost nodes, with stand-ins. check.sh sources it.

# hosts LINE…: the hostfile of the next check.
hosts() { printf '%s\n' "$@" >"$scratch/hosts"; }
over=("${with_tools[@]}" "$run" --hostfile "$scratch/hosts")
training=(train --output "$scratch/run")

hosts 'good slots=2' 'gone1 slots=2 # in the cellar' '# gone3' 'gone2'
check "nodes that do not answer are named" 69 'gone2 of .* does not answer .*No route to host' "${over[@]}" -n 2 -- train
check "each in its line" 69 '^run.sh: gone1 .*ssh gone1 true. must work' "${over[@]}" -n 2 -- train
hosts good bare
check "a node without MPI is named" 69 '^run.sh: bare of .*has no orted' "${over[@]}" -n 2 -- train
hosts good old
check "a node with another MPI is named" 69 'old of .*has Open MPI 4.0.1, this machine 4.1.4' "${over[@]}" -n 2 -- train
hosts good empty
check "a node without the program is named" 69 'empty of .*has no .*lockstep' "${over[@]}" -n 2 -- train
hosts good lacking
check "a missing library is named with its package" 69 'lacks libopenblas.so.0: apt-get install .* libopenblas0' \
  "${over[@]}" -n 2 -- train
hosts good shy
check "mpirun's folder is told to nodes that need it" 0 "--prefix $scratch " "${over[@]}" -n 2 -- train
# As editors of Windows write it: a byte order mark, CR LF, tabs, blanks at the ends, empty lines, no line end at the last.
printf '\xef\xbb\xbf# my nodes\r\ngood\tslots=2 \t\r\n\r\n  better slots=1 # old\r\nbest slots=1\r' >"$scratch/hosts"
check "line ends of Windows are no part of names" 0 '^mpirun -n 4 .*\[# my nodes;good.slots=2;;  better slots=1 # old;best slots=1;\]$' \
  "${over[@]}" -n 4 -- train
check "nor of slots" 64 '-n 5: .*/hosts has 4 slots' "${over[@]}" -n 5 -- train
check "whoever asks the nodes" 0 '^mpirun -n 2 --hostfile .*;best slots=1;\]$' \
  env OMPI_MCA_plm_rsh_agent=blaunch "${over[@]}" -n 2 -- train
printf 'good slots=2\r\ngone slots=2\r\n' >"$scratch/hosts"
check "a node is named without them" 69 '^run.sh: gone of .* does not answer' "${over[@]}" -n 2 -- train
hosts '# nobody'
check "an empty hostfile is refused" 64 'names no node' "${over[@]}" -n 2 -- train
hosts 'good slots=1' 'better slots = 3'
check "too few slots are told" 64 '-n 5: .* has 4 slots' "${over[@]}" -n 5 -- train
check "ranks of good nodes are bound" 0 'slot:PE=1 ' "${over[@]}" -n 4 -- train
check "more ranks than slots on request" 0 'oversubscribe --mca mpi_yield' "${over[@]}" -n 5 --oversubscribe -- train
hosts 'good slots=1' 'better slots=4096'
check "a crowded node is named" 0 '4095 ranks x 2 threads on the 64 cores of better: they take turns' \
  "${over[@]}" -n 4096 --threads 2 -- train
hosts twin1 twin2
check "parts of one machine are told" 0 'twin1 and twin2 are parts of one machine' "${over[@]}" -n 2 -- train
check "and not bound" 0 'mpi_yield_when_idle 1 --map-by slot --bind-to none' "${over[@]}" -n 2 -- train
hosts gone
check "other launchers than ssh are not asked" 0 '^mpirun -n 2' \
  env OMPI_MCA_plm_rsh_agent=blaunch "${over[@]}" -n 2 -- train
check "nor are a scheduler's nodes" 0 '^mpirun -n 2' env SLURM_JOB_ID=7 "${over[@]}" -n 2 -- train
check "the network is handed on" 0 'btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0' \
  "$run" -n 2 --network eth0 --dry-run -- train
check "the program can be chosen" 0 '/cat train' "$run" -n 2 --program "$(command -v cat)" --dry-run -- train

hosts 'node1 slots=2 # first' 'node2 slots=2'
check "a lost node is left out" 0 'going on without node2: 2 of 4 ranks, on node1' \
  env MPIRUN_EXITS='205:node2 0' "${over[@]}" -n 4 --restarts 3 -- "${training[@]}"
check "with the others' lines" 0 '^mpirun -n 2 --hostfile .* \[node1 slots=2 # first;\]$' \
  env MPIRUN_EXITS='205:node2 0' "${over[@]}" -n 4 --restarts 3 -- "${training[@]}"
starts 2 "--output $scratch/run --resume auto"
check "and comes back once it answers" 0 'all nodes answer again: 4 ranks on 2 nodes' \
  env MPIRUN_EXITS='205:node2 205 0' "${over[@]}" -n 4 --restarts 3 -- "${training[@]}"
starts 3 '-n 4'
check "the others take their share of ranks past the slots" 0 '4 of 8 ranks, on node1' \
  env MPIRUN_EXITS='205:node2 0' "${over[@]}" -n 8 --oversubscribe --restarts 3 -- "${training[@]}"
check "no node left is waited for" 205 'none of the 2 nodes can take part: node1 does not answer' \
  env MPIRUN_EXITS='205:node1,node2' "${over[@]}" -n 4 --restarts 5 -- "${training[@]}"
starts 1 '-n 4'
grep -q 'all 5 restarts are used up' <<<"$output" || fail 1 "failed: no node left, yet restarts were"
check "a scheduler's lost node is its business" 205 '^mpirun' \
  env MPIRUN_EXITS=205 SLURM_JOB_ID=7 "${with_tools[@]}" "$run" -n 4 --restarts 5 -- "${training[@]}"
starts 1 '-n 4'
