# shellcheck shell=bash
# mpirun's command line. Source it after lib.sh and nodes.sh.
# shellcheck disable=SC2154 # run.sh sets what its options mean

# Another implementation's mpirun would start N unconnected copies of the program.
check_mpirun() {
  command -v mpirun >/dev/null ||
    fail "$exit_unavailable" "no mpirun in PATH; install openmpi-bin (cluster/quickstart.sh does) or load your cluster's module"
  [[ $(mpirun --version 2>/dev/null) == *"Open MPI"* ]] ||
    fail "$exit_unavailable" "$(command -v mpirun) is not Open MPI's, and Lockstep is built with Open MPI"
}

# Physical cores that this process may use (logical ones where /sys does not tell).
usable_cores() {
  local table
  table=$(lscpu -p=CPU,CORE,SOCKET 2>/dev/null) || {
    nproc
    return
  }
  awk -F, -v list="$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)" '
    BEGIN {
      count = split(list, ranges, ",")
      for (i = 1; i <= count; i++) {
        split(ranges[i], ends, "-")
        for (cpu = ends[1] + 0; cpu <= (ends[2] == "" ? ends[1] : ends[2]) + 0; cpu++) usable[cpu] = 1
      }
    }
    !/^#/ && (($1 + 0) in usable) && !(($2, $3) in seen) { seen[$2, $3]; cores++ }
    END { print cores + 0 }' <<<"$table"
}

# place_on NODE…: sets `running`: all ranks where these nodes have the slots, else as many as they have; the share of all
# slots that is left where more ranks than slots were asked for.
place_on() {
  local node total=0 left=0
  for node in "${nodes[@]}"; do total=$((total + $(slots_of "$node"))); done
  for node; do left=$((left + $(slots_of "$node"))); done
  if ((ranks > total)); then
    $oversubscribe || usage "-n $ranks: $hostfile has $total slots; lower -n, raise slots=, or add --oversubscribe"
    running=$((ranks * left / total))
  else
    running=$((ranks < left ? ranks : left))
  fi
  ((running)) || running=1
}

# share_machine NODE…: says which two of them are parts of one machine (containers, emulated nodes).
share_machine() {
  local node machine
  local -A seen=()
  for node; do
    machine=${node_machine["$node"]:-}
    [[ $machine ]] || continue
    if [[ ${seen["$machine"]:-} ]]; then
      say "${seen["$machine"]} and $node"
      return
    fi
    seen["$machine"]=$node
  done
}

# crowded_node NODE…: says which of them gets more threads than it has cores, filled in this order.
crowded_node() {
  local node used slots cores left=$running
  for node; do
    slots=$(slots_of "$node")
    used=$((slots < left ? slots : left))
    left=$((left - used))
    cores=${node_cores["$node"]:-}
    if [[ $cores ]] && ((used * threads > cores)); then
      say "$used ranks x $threads threads on the $cores cores of $node"
      return
    fi
  done
}

# advise TEXT: once, not at every restart.
advise() {
  [[ $1 == "$advised" ]] || warn "$1"
  advised=$1
}

# plan_mpirun HOSTFILE NODE…: sets `command` for `running` ranks on these nodes, of which ask_nodes may know something, or,
# without them, on this machine or the scheduler's nodes. cluster/README.md has the measurement behind each setting.
plan_mpirun() {
  local hosts=$1 cores variable crowd='' machine='' place=$bind yield=false crowding=$oversubscribe
  shift
  command=(mpirun -n "$running")
  if [[ $hosts ]]; then
    command+=(--hostfile "$hosts")
    [[ ! ${with_prefix:-} ]] || command+=(--prefix "$with_prefix")
    machine=$(share_machine "$@") crowd=$(crowded_node "$@")
  elif [[ -z ${SLURM_JOB_ID:-} && -z ${PE_HOSTFILE:-} ]]; then
    # One machine: everything that mpirun would explain at length is known here already. (With more nodes its
    # explanations stay: a lost node is one of them.)
    command+=(-q)
    cores=$(usable_cores)
    ((running * threads <= cores)) || crowd="$running ranks x $threads threads on $cores cores"
    # Open MPI would bind to cores outside of the part of the machine that taskset or a container left us.
    if (($(nproc) < $(nproc --all))); then place=${place:-none}; fi
  fi
  if [[ $crowd ]]; then
    $crowding || $dry_run || advise "$crowd: they take turns, unbound; good for a trial, not for speed"
    crowding=true
  fi
  if [[ $machine ]]; then
    # Each of them believes that all cores are its own, and would bind its first rank to the first.
    [[ $crowd ]] || advise "$machine are parts of one machine: ranks are not bound to cores, and yield while they wait"
    yield=true
  fi

  if $crowding; then command+=(--oversubscribe) yield=true; fi
  # Ranks that share a core must give it up while they wait, else a small reduction takes milliseconds.
  if $yield; then command+=(--mca mpi_yield_when_idle 1) place=${place:-none}; fi
  case ${place:-core} in
    core) command+=(--map-by "slot:PE=$threads") ;;
    *) command+=(--map-by slot --bind-to "$place") ;;
  esac
  # A node that is gone without a word ends the job in 10 to 13 s instead of never.
  command+=(--mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3)
  if [[ $segments ]]; then
    command+=(--mca btl_vader_backing_directory "$segments" --mca osc_sm_backing_directory "$segments")
  fi
  if [[ $network ]]; then
    command+=(--mca btl_tcp_if_include "$network" --mca oob_tcp_if_include "$network")
  fi
  # Under mpirun every rank's standard output looks like a terminal; only this script knows whether it is one.
  export LOCKSTEP_TERMINAL=no
  if [[ -t 1 ]]; then LOCKSTEP_TERMINAL=yes; fi
  for variable in OPENBLAS_NUM_THREADS OPENBLAS_CORETYPE LD_LIBRARY_PATH "${!LOCKSTEP_@}"; do
    if [[ -v $variable ]]; then command+=(-x "$variable"); fi
  done
  if [[ $EUID -eq 0 ]]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  command+=("$binary")
}
