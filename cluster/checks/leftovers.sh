# shellcheck shell=bash disable=SC2154
# Checks of what starts leave behind, with the stand-in for lockstep and a real mpirun. check.sh sources it.

base=$scratch/base
mkdir "$base"
# left: the folders of starts in `base` and in shared memory that were not there before.
left() { compgen -G "$base/lockstep-*" || compgen -G "/dev/shm/lockstep-$EUID-*" | grep -vxF -e "${others:-none}" || true; }
others=$(compgen -G "/dev/shm/lockstep-$EUID-*" || true)
starting=(env "TMPDIR=$base" LOCKSTEP_ROLE=stays "$run" -n 2 -- train)

check "a start has folders of its own" 0 'session in .*/lockstep-[0-9]+-[A-Za-z0-9]{8}' \
  env "TMPDIR=$base" LOCKSTEP_ROLE=session "$run" -n 2 -- train
[[ ! $(left) ]] || fail 1 "failed: a start has left $(left)"
check "they may have another place" 0 'session in /tmp/lockstep-' \
  env "TMPDIR=$base/a folder with blanks" LOCKSTEP_ROLE=session "$run" -n 2 -- train
check "a user's own place is kept" 0 "session in $base\$" \
  env "OMPI_MCA_orte_tmpdir_base=$base" LOCKSTEP_ROLE=session "$run" -n 2 -- train
rm -rf "$base"/*

# strike_start VICTIM: starts, kills mpirun, or everything, and waits until all is gone.
strike_start() {
  local launcher
  rm -f "$scratch"/pid.*
  "${starting[@]}" &>"$scratch/log" &
  launcher=$!
  await test -s "$scratch/pid.0"
  await test -s "$scratch/pid.1"
  { case $1 in
    mpirun) pkill -KILL -P "$launcher" ;;
    # (The program notices that its mpirun is gone; the stand-in does not.)
    all) kill -KILL "$launcher" "$(pgrep -P "$launcher" mpirun || pgrep -P "$launcher" orterun)" $(<"$scratch/pid.0") $(<"$scratch/pid.1") ;;
  esac && wait "$launcher"; } 2>/dev/null || true
  gone 0
  gone 1
}
strike_start mpirun
[[ ! $(left) ]] || fail 1 "failed: after SIGKILL of mpirun there is $(left)"
strike_start all
[[ $(left) ]] || fail 1 "failed: nothing is left after SIGKILL of run.sh, so nothing is checked here"
# What only looks like a dead start's: a link, another name, one that is just being made, one that is locked, another user's.
mkdir "$scratch/precious" "$base/lockstep-$EUID-short" "$base/lockstep-$EUID-AAAAAAAA" "$base/lockstep-$EUID-BBBBBBBB"
touch "$scratch/precious/"{file,lock} "$base/lockstep-$EUID-short/lock" "$base/lockstep-$EUID-BBBBBBBB/lock"
ln -s "$scratch/precious" "$base/lockstep-$EUID-CCCCCCCC"
ln -s "$scratch/precious" "$base/lockstep-$EUID-BBBBBBBB/link"
mkdir "$base/lockstep-$EUID-DDDDDDDD"
touch "$base/lockstep-$EUID-DDDDDDDD/lock"
if ((EUID == 0)); then chown 12345 "$base/lockstep-0-DDDDDDDD"; else touch "$base/lockstep-$EUID-DDDDDDDD/held"; fi
exec {held}<"$base/lockstep-$EUID-DDDDDDDD/lock"
flock "$held"
check "the next start removes what dead ones left" 0 'rank 1 of 2' env "TMPDIR=$base" "$run" -n 2 -- train
exec {held}<&-
[[ $(cd "$base" && echo *) == "lockstep-$EUID-AAAAAAAA lockstep-$EUID-CCCCCCCC lockstep-$EUID-DDDDDDDD lockstep-$EUID-short" ]] ||
  fail 1 "failed: of the folders there are $(cd "$base" && echo *)"
[[ -e $scratch/precious/file && -e $scratch/precious/lock ]] || fail 1 "failed: a link was followed"
rm -rf "${base:?}"/*
[[ ! $(left) ]] || fail 1 "failed: still there: $(left)"

# Two starts at once, of which one ends while the other runs.
rm -f "$scratch"/pid.*
"${starting[@]}" &>"$scratch/log" &
launcher=$!
await test -s "$scratch/pid.1"
mine=$(left)
check "a start leaves one that runs alone" 0 'rank 1 of 2' env "TMPDIR=$base" "$run" -n 2 -- train
[[ $mine && $(left) == "$mine" ]] || fail 1 "failed: of '$mine' there is '$(left)'"
kill -TERM "$launcher"
wait "$launcher" 2>/dev/null || true
[[ ! $(left) ]] || fail 1 "failed: still there: $(left)"
