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

# A hostfile, and what nodes answer, are other people's words: they choose nodes, and nothing else.
refused=0
for name in -oProxyCommand=x --help -l 'x$(touch$IFS/obeyed)' 'a[0]' '`id`' '"node1"' "node'1" 'a;b' 'a|b' 'a&b' 'node1,node2' \
  node1:22 ^node1 +n0 '*' '~' user@-x @node1 a@b@c $'no\e[2Jde' 'ssh://node1' ../x n%d 'a\b' '{a,b}' //node1 '$HOME' fe80::1%eth0 \
  "$(printf 'n%.0s' {1..400})" nödé; do
  hosts '# a comment' "good slots=1" "$name slots=1"
  check "no node is called ${name:0:20}" 64 "^run.sh: --hostfile .*/hosts, line 3: '.*' is no node's name;" "${over[@]}" -n 2 -- train
  [[ ! -e $scratch/reached && ! -e $scratch/starts ]] || fail 1 "failed: a node was asked although one is called $name"
  ! grep -q $'\e' <<<"$output" || fail 1 "failed: the terminal hears what $name says"
  refused=$((refused + 1))
done
for name in 'slots=$(touch x)' 'slots=x[$(id)]' slots=-1 slots= slots=4x slots=12345678 'slots=2 -x' 'other' 'slots=2 node3' \
  '"slots=2"' 'max_slots=$(id)' 'username=-oProxyCommand=x' "username='x'" 'slots=2;id' 'cpu_set=0-1'; do
  hosts 'good slots=1' "better $name"
  check "a node has no setting $name" 64 "line 2: '.*' behind better; write slots=N" "${over[@]}" -n 2 -- train
  [[ ! -e $scratch/reached && ! -e $scratch/starts ]] || fail 1 "failed: a node was asked although one has $name"
done
hosts -oProxyCommand=x
check "whoever reaches the nodes" 64 "line 1: .*is no node's name" env OMPI_MCA_plm_rsh_agent=blaunch "${over[@]}" -n 2 -- train
check "a dry run refuses it, too" 64 "line 1: .*is no node's name" "${over[@]}" -n 2 --dry-run -- train
check "as does install.sh" 64 "^install.sh: --hostfile .*, line 1: .*is no node's name" \
  env "PATH=$tools:$PATH" "$repository/cluster/install.sh" --skip-build --hostfile "$scratch/hosts"
hosts 'user@good slots=1 max_slots=4' '10.0.0.7 slots = 1' 'user_1@2001:db8::7 cpus=1 # a note: $(id) "x" \' 'Good-2.example.org. count=1' '::1'
check "names, addresses, users and settings are taken" 0 '^mpirun -n 5 .*\[user@good slots=1 max_slots=4;10.0.0.7 ' \
  "${over[@]}" -n 5 -- train
[[ $(grep -c '^ssh .* -- [^ ]* sh$' "$scratch/reached") -ge 4 ]] || fail 1 "failed: nodes are asked without -- before their names"
hosts 'good slots=1' boastful
check "what a node says of itself is not run" 0 '^mpirun -n 2' "${over[@]}" -n 2 -- train
check "nor counted" 64 '-n 5: .*/hosts has 2 slots' "${over[@]}" -n 5 -- train
[[ ! -e $scratch/obeyed ]] || fail 1 "failed: a node's answer was run as a command"
hosts 'good slots=1' rude
check "what a terminal would obey is shown" 69 'does not answer \(Go \\E]0;away\\a\\302\\2332J\)' "${over[@]}" -n 2 -- train
printf 'good\0 slots=2\n' >"$scratch/hosts"
check "a zero byte is no part of a line" 0 '^mpirun -n 2 .*\[good slots=2;\]$' "${over[@]}" -n 2 -- train
mkfifo "$scratch/pipe"
check "a hostfile is a file" 64 'pipe: no such file' "$run" --hostfile "$scratch/pipe" -n 2 -- train
mkdir "$scratch/here"
printf 'good slots=2\n' >"$scratch/here/-x"
check "a hostfile may be called -x" 0 '^mpirun -n 2 .*\[good slots=2;\]$' env -C "$scratch/here" "${with_tools[@]}" "$run" -n 2 --hostfile -x -- train
check "and a program" 0 '/here/-y train' env -C "$scratch/here" bash -c 'cp "$1" ./-y && exec "$2" -n 2 --program -y --dry-run -- train' - \
  "$LOCKSTEP_BINARY" "$run"
for name in -x '--mca x' '$(touch /x)' '"eth0"' 'eth0;id' $'eth0\n' '^lo' ' '; do
  check "no network is called $name" 64 '^run.sh: --network ' "$run" -n 2 --network "$name" --dry-run -- train
done
check "several networks are" 0 'if_include eth0.100.,10.1.0.0/16.,ib0 ' "$run" -n 2 --network eth0.100,10.1.0.0/16,ib0 --dry-run -- train
check "a colon would begin another program of mpirun's" 64 "an argument ':' has a meaning" "$run" -n 2 -- train : -n 1 touch "$scratch/obeyed"
[[ ! -e $scratch/obeyed ]] || fail 1 "failed: mpirun ran another program"
check "a pause is a number" 64 'LOCKSTEP_BACKOFF_SECONDS is ' env LOCKSTEP_BACKOFF_SECONDS=--help "$run" -n 2 --dry-run -- train
