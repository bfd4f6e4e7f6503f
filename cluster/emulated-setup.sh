# shellcheck shell=bash
# What emulated.sh needs of this machine, and how it leaves it. Source it after lib.sh.
# shellcheck disable=SC2034,SC2154 # variables of emulated.sh

# prepare: sets `tools`, and what keeps each part of the tests from running, in words: `obstacle_nodes`, `obstacle_slurm`.
prepare() {
  local source
  obstacle_nodes='' obstacle_slurm='' tools=$scratch/tools
  # Names of our own: other emulated nodes on this machine stay as they are.
  export NETCLUSTER_DIR=$scratch/nodes NETCLUSTER_PREFIX=ls$$ SLURMCLUSTER_DIR=$scratch/slurm
  # Where Open MPI puts its sockets: /tmp is the nodes' common one, and keeps what a lost node leaves.
  export OMPI_MCA_orte_tmpdir_base=$scratch/tmp TMPDIR=$scratch/tmp
  mkdir -p "$TMPDIR"
  source=${LOCKSTEP_EMULATION:-$repository/../shared/emulated-cluster}
  if ((EUID != 0)); then
    obstacle_nodes='needs root'
  elif [[ ! -x $source/netcluster ]]; then
    obstacle_nodes='no scripts for emulated nodes; LOCKSTEP_EMULATION names their folder'
  else
    cp -r "$source" "$tools"
    chmod -R u+w "$tools"
    provide nodes sshd:openssh-server ssh:openssh-client ip:iproute2 nsenter:util-linux setpriv:util-linux cc:gcc \
      mpirun:openmpi-bin
  fi
  [[ $obstacle_nodes ]] || try_nodes
  obstacle_slurm=$obstacle_nodes
  [[ $obstacle_slurm ]] || provide slurm slurmctld:slurm-wlm slurmd:slurm-wlm sbatch:slurm-wlm munged:munge
  [[ $obstacle_slurm || ! $(chosen_parts) == *slurm* ]] || try_slurm
}

# The parts that the chosen tests belong to.
chosen_parts() {
  local row name part
  for row in "${tests[@]}"; do
    read -r name part _ <<<"$row"
    ! is_chosen "$name" || say "$part"
  done
}

is_here() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

# provide PART COMMAND:PACKAGE…: installs what is missing, or sets the part's obstacle.
provide() {
  local -n obstacle=obstacle_$1
  local pair packages=()
  for pair in "${@:2}"; do is_here "${pair%%:*}" || packages+=("${pair##*:}"); done
  ((${#packages[@]})) || return 0
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  obstacle="needs ${packages[*]}"
  command -v apt-get >/dev/null || return 0
  say "Installing system packages for the tests: ${packages[*]}"
  # The services that come along are not wanted: the tests start their own.
  [[ -e /usr/sbin/policy-rc.d ]] || printf '#!/bin/sh\nexit 101\n' >"$scratch/policy-rc.d"
  if [[ -e $scratch/policy-rc.d ]]; then install -m 755 "$scratch/policy-rc.d" /usr/sbin/policy-rc.d; fi
  {
    apt-get -o DPkg::Lock::Timeout=120 update &&
      DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends "${packages[@]}"
  } &>"$scratch/apt.log" </dev/null || obstacle+=", which apt-get could not install ($(tail -n 1 "$scratch/apt.log"))"
  if [[ -e $scratch/policy-rc.d ]]; then rm -f /usr/sbin/policy-rc.d; fi
  hash -r
  for pair in "${@:2}"; do is_here "${pair%%:*}" || return 0; done
  obstacle=''
}

# A node and a Slurm on trial: containers may not make namespaces, and slurmd wants a cgroup file system.
try_nodes() {
  if ! unshare --net --uts --mount --pid --ipc --fork true &>"$scratch/trial.log" ||
    ! timeout 30 "$tools/netcluster" up 1 &>"$scratch/trial.log"; then
    obstacle_nodes="no emulated nodes here: $(tail -n 1 "$scratch/trial.log")"
  fi
  bring_down
}

try_slurm() {
  if ! timeout 30 "$tools/netcluster" up 1 &>"$scratch/trial.log" ||
    ! timeout 60 "$tools/slurmcluster" up --nodes 1 &>"$scratch/trial.log"; then
    obstacle_slurm="no Slurm here: $(tail -n 1 "$scratch/trial.log")"
  fi
  bring_down
}

bring_down() {
  local tool
  for tool in slurmcluster netcluster; do
    [[ ! -x $tools/$tool ]] || timeout 30 "$tools/$tool" down &>/dev/null || true
  done
}

# What the tests should not have left on this machine, in words.
what_is_left() {
  local file words
  if is_here ip; then ip netns list 2>/dev/null | sed -n "s/^\(${NETCLUSTER_PREFIX}[^ ]*\).*/namespace \1/p"; fi
  for file in /proc/[0-9]*/cmdline; do
    words=$(tr '\0' ' ' <"$file") || continue
    [[ $words != *"$scratch"* ]] || say "process ${file//[^0-9]/} ($words)"
  done 2>/dev/null
  [[ ! -e $NETCLUSTER_DIR ]] || say "$NETCLUSTER_DIR"
  [[ ! -e $SLURMCLUSTER_DIR ]] || say "$SLURMCLUSTER_DIR"
}
