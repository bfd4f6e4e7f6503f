# shellcheck shell=bash
# Hostfiles: what may stand in them, and what they say. Source it after lib.sh.
# shellcheck disable=SC2034,SC2154 # what it shares with the scripts that source it

# The slots that the file gives a node (0: as many as it has cores), by its name.
declare -A node_slots
nodes=()

# clean_hostfile FILE: its lines as Open MPI takes them, which knows neither the line ends of Windows nor a byte order mark.
# shellcheck disable=SC1003 # sed's a, which ends the last line where that has no end
clean_hostfile() {
  tr -d '\0' <"$1" | LC_ALL=C sed -e $'1s/^\xef\xbb\xbf//' -e $'s/[ \t\r]*$//' -e '$a\' | tr '\r' '\n'
}

# is_node_name TEXT: whether it is a hostname or an address, with or without user@. Anything else may be an option of ssh, or
# something else to a shell, to mpirun, or to a terminal.
is_node_name() {
  local LC_ALL=C user='([A-Za-z0-9_][A-Za-z0-9_.-]*@)?'
  ((${#1} <= 300)) || return 1
  [[ $1 =~ ^${user}[A-Za-z0-9][A-Za-z0-9_.-]*$ || $1 =~ ^${user}[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f.:]*$ ]]
}

# are_settings TEXT: whether Open MPI's settings of a node stand behind its name, and nothing else.
are_settings() {
  local LC_ALL=C is='[[:blank:]]*=[[:blank:]]*'
  local count='(slots|count|cpus?|(slots|cpu|count)[-_]max|max[-_](slots|cpu|count)|boards|sockets([-_]per[-_]board)?|cores([-_]per[-_]socket)?)'
  [[ $1 =~ ^([[:blank:]]*($count${is}[0-9]{1,6}|user[-_]?name${is}[A-Za-z0-9_][A-Za-z0-9_.-]*)([[:blank:]]+|$))*$ ]]
}

# read_hostfile FILE WHAT: sets `nodes`, in the file's order, and `node_slots`, as Open MPI 4.1 reads them. Ends, naming WHAT
# and the line, where something else stands.
read_hostfile() {
  local line name rest slots number=0
  nodes=() node_slots=()
  while IFS= read -r line || [[ $line ]]; do
    number=$((number + 1))
    read -r name rest <<<"${line%%#*}" || true
    [[ $name ]] || continue
    is_node_name "$name" ||
      usage "$2, line $number: '${name:0:80}' is no node's name; write a hostname or an address, with user@ in front if need be"
    are_settings "$rest" || usage "$2, line $number: '${rest:0:80}' behind $name; write slots=N"
    slots=${node_slots["$name"]:-}
    [[ $slots ]] || nodes+=("$name")
    if [[ $rest =~ (^|[[:blank:]])(slots|count|cpus?)[[:blank:]]*=[[:blank:]]*([0-9]+) ]]; then
      slots=$((10#${BASH_REMATCH[3]}))
    elif [[ $slots ]]; then # one slot for each time it is listed
      slots=$((slots ? slots + 1 : 2))
    else
      slots=0
    fi
    node_slots["$name"]=$slots
  done < <(clean_hostfile "$1")
}

# keep_nodes FILE NODE…: the lines of FILE about these nodes.
keep_nodes() {
  clean_hostfile "$1" | awk -v kept="${*:2}" 'BEGIN { count = split(kept, names, " "); for (i = 1; i <= count; i++) keep[names[i]] }
    { line = $0; sub(/#.*/, "", line); split(line, words, " ") } (words[1] in keep)'
}

# slots_of NODE: how many ranks it takes.
slots_of() {
  local slots=${node_slots["$1"]} cores=${node_cores["$1"]:-1}
  say $((slots ? slots : cores))
}
