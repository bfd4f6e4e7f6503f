# shellcheck shell=bash disable=SC2154
# Stand-ins for what is not here: other nodes, mpirun across them, schedulers. check.sh sources it; `tools` comes first in
# PATH then. The nodes are named after what is wrong with them.
tools=$scratch/tools bare=$scratch/bare
mkdir "$tools" "$bare"
for tool in sh head sed nproc lscpu grep sort wc cat ldd; do
  ln -s "$(command -v "$tool")" "$bare/$tool" # a node without Open MPI
done

cat >"$tools/ssh" <<'ANSWER'
#!/usr/bin/env bash
echo "ssh $*" >>"$(dirname "${0%/*}")/reached"
while [[ $1 == -* ]]; do if [[ $1 == -[oF] ]]; then shift 2; else shift; fi; done
host=$1 tools=${0%/*} scratch=$(dirname "${0%/*}")
export PATH=$tools:$PATH
if [[ $host == gone* ]] || grep -qsx "$host" "$scratch/down"; then
  echo "ssh: connect to host $host port 22: No route to host" >&2
  exit 255
fi
case $host in
  bare) sed "s|$tools|/nowhere|g" | PATH=$scratch/bare sh ;;
  shy) PATH=$scratch/bare sh ;;
  empty) sed 's|/lockstep|/nowhere|g' | sh ;;
  boastful) # it has what it is asked for, and more
    sed "s|^echo \"machine .*|echo 'machine [\$(touch $scratch/obeyed)]'|; s|^echo \"cores .*|echo 'cores x[\$(touch $scratch/obeyed)]'|" | sh
    ;;
  rude) printf 'Go \e]0;away\a\xc2\x9b2J' >&2 && exit 1 ;;
  old) sed 's|^daemon=.*|daemon=/old/orted|; s|"\${daemon%/\*}/mpirun" --version|echo "mpirun (Open MPI) 4.0.1"|' | sh ;;
  lacking) sed 's|ldd "$1"|echo "libopenblas.so.0 => not found"|' | sh ;;
  *) sh ;;
esac | if [[ $host == @(twin*|boastful) ]]; then cat; else sed "s/^machine .*/machine of $host/; s/^cores .*/cores 64/"; fi
ANSWER

# mpirun says what it got, its hostfile included, and ends with the next of MPIRUN_EXITS; 205:NODE is the loss of a node.
cat >"$tools/mpirun" <<'ANSWER'
#!/usr/bin/env bash
if [[ $1 == --version ]]; then echo 'mpirun (Open MPI) 4.1.4' && exit; fi
if [[ ${!#} == true ]]; then exit; fi # srun's number of the step
scratch=$(dirname "${0%/*}") hosts=''
for ((index = 1; index < $#; index++)); do
  if [[ ${!index} == --hostfile ]]; then next=$((index + 1)) hosts=$(tr '\n' ';' <"${!next}"); fi
done
echo "ends at ${LOCKSTEP_END_TIME:-}"
echo "mpirun $* [$hosts]"
echo "$*" >>"$scratch/starts"
if [[ ${MPIRUN_WAITS:-} ]]; then
  trap 'echo asked; exit 75' USR1
  until ((SECONDS > 30)); do sleep 0.05; done
fi
read -ra exits <<<"${MPIRUN_EXITS:-0}"
code=${exits[$(wc -l <"$scratch/starts") - 1]:-0}
rm -f "$scratch/down"
[[ $code != *:* ]] || tr , '\n' <<<"${code#*:}" >"$scratch/down"
exit "${code%%:*}"
ANSWER
ln -s mpirun "$tools/srun"
printf '#!/bin/sh\n' >"$tools/orted"

cat >"$tools/scontrol" <<'ANSWER'
#!/usr/bin/env bash
if [[ $1 == requeue ]]; then echo "requeue of $2" && exit; fi
cat <<TEXT
JobId=8 ArrayJobId=7 ArrayTaskId=1 JobName=lockstep
   RunTime=00:00:01 TimeLimit=01:00:00 StartTime=1 EndTime=1111 Deadline=N/A

JobId=7 ArrayJobId=7 ArrayTaskId=2 JobName=lockstep
   RunTime=00:00:01 TimeLimit=01:00:00 StartTime=1 EndTime=2222 Deadline=N/A
   Command=${SCONTROL_COMMAND:-/nowhere/slurm.sbatch} train
TEXT
ANSWER
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "qsub $*"\n' >"$tools/qsub"
chmod +x "$tools"/*
# shellcheck disable=SC2034 # the checks use it
with_tools=(env "PATH=$tools:$PATH")
