# Every process of a lab is killed at moments drawn by chance: while the lab comes up, while its
# machines speak, while it ends. What is left is a whole lab or none, and `up` works at once again.
# SMOL_SEED repeats a run, SMOL_KILL_ROUNDS makes it longer.
. "$(dirname "$0")/lab_support.sh"

RANDOM=${SMOL_SEED:=$RANDOM}
echo "SMOL_SEED=$SMOL_SEED"
rounds=${SMOL_KILL_ROUNDS:-2}
lab=$labs/smol-internet
machines=(client router server)

# moment N: drawn by chance, below N milliseconds from now
moment() { sleep "$(printf '0.%03d' $((RANDOM % $1)))"; }

is_there() { victim=$(lab_processes "$1" | head -n 1) && [[ -n $victim ]]; }

# kill_one TITLE: as soon as it is there, or rather a little later; or not at all, if it came to nothing
kill_one() {
  local deadline=$((${EPOCHREALTIME/./} + 1000000))
  until is_there "$1" || ((${EPOCHREALTIME/./} > deadline)); do :; done
  moment 50
  [[ -z $victim ]] || kill -9 "$victim" 2>/dev/null || true
}

# A lab that is up answers from end to end, and goes when it is told to.
assert_works() {
  run smol up "$lab" --stage final -q
  assert_equal 0 "$code" "up after $1: $output"
  run smol exec client -- ping -nc 1 -W 2 10.1.2.2
  assert_equal 0 "$code" "ping after $1: $output"
}

assert_gone() {
  wait_for 5 nothing_runs
  smol ls >/dev/null
  assert_equal "" "$(ls "$SMOLSTACK_RUN_DIR")" "the run directory after $1"
}

# Whatever became of it: the lab is there as a whole, or `up` makes it anew at once.
assert_whole_or_gone() {
  run smol up "$lab" -q
  [[ $code == 0 || $output == *"runs already"* ]] || die "up after $1: $output"
  run smol ps --json
  assert_equal 3 "$(grep -o '"node"' <<<"$output" | wc -l)" "machines after $1"
  run smol down
  assert_equal 0 "$code" "down after $1: $output"
  assert_gone "$1, and down"
}

# --- While it comes up -----------------------------------------------------------------------------

kill_while_coming_up() {
  local up status=0
  smol up "$lab" -q >/dev/null 2>"$work/up.err" &
  up=$!
  kill_one "$1"
  wait "$up" || status=$?
  ((status == 0 || status == 2)) || die "up ended with $status when $1 was killed"
  # A machine that dies when the lab is just up is dead in it.
  ((status != 0)) || [[ ${machines[*]} != *$1* ]] || smol down -q
  assert_works "$1 was killed during up"
  smol down -q
  assert_gone "$1 was killed during up"
}

for ((i = 0; i < rounds; ++i)); do
  for title in "keeper of smol-internet" smol-internet "${machines[RANDOM % 3]}"; do
    kill_while_coming_up "$title"
  done
done

# `up` itself, by whatever signal.
for signal in KILL INT TERM HUP PIPE; do
  env --default-signal "$SMOLSTACK" up "$lab" -q >/dev/null 2>&1 &
  up=$!
  moment 60
  kill "-$signal" "$up" 2>/dev/null || true
  status=0
  wait "$up" 2>/dev/null || status=$?
  assert_whole_or_gone "SIG$signal of up, which ended with $status"
done

# Ctrl-C while a start-up script holds it.
mkdir "$work/held"
mkfifo "$work/held/fifo"
cat >"$work/held/lab.yaml" <<END
name: held
networks: { net: { subnet: 10.9.0.0/24 } }
nodes:
  one: { networks: { net: 10.9.0.1 }, start_up: hold.sh }
END
echo "touch $work/held/begun; read line <$work/held/fifo" >"$work/held/hold.sh"
env --default-signal "$SMOLSTACK" up "$work/held" >/dev/null 2>&1 &
up=$!
wait_for 5 test -e "$work/held/begun"
kill -INT "$up"
status=0
wait "$up" || status=$?
assert_equal 130 "$status" "exit code of up after Ctrl-C"
assert_nothing_left

# Nobody reads what it says, or there is nowhere to say it: the lab is whole nevertheless.
smol up "$lab" | head -n 0 || true
run smol ps
assert_equal 0 "$code" "ps after up | head -n 0: $output"
smol down -q
smol up "$lab" >&- 2>&- <&-
run smol ps
assert_equal 0 "$code" "ps after up without streams: $output"
smol down -q
assert_nothing_left

# --- While it runs ---------------------------------------------------------------------------------

kill_while_running() {
  local pinging
  assert_works "nothing"
  smol exec client -- ping -i 0.01 10.1.2.2 >/dev/null 2>&1 &
  pinging=$!
  kill_one "$1"
  "$2" "$1"
  run smol down
  [[ $code == 0 || $output == *"no lab runs"* ]] || die "down after $1 was killed: $output"
  kill "$pinging" 2>/dev/null || true
  wait "$pinging" 2>/dev/null || true
  assert_gone "$1 was killed"
}

# Without them there is no lab; the next one comes at once.
is_gone() { assert_works "$1 was killed"; }

says_so_and_comes_back() {
  wait_for 2 says_so "$1"
  run smol exec "$1" -- true
  assert_equal 125 "$code" "exec on a dead machine: $output"
  assert_equal 2 "$(smol ps | grep -c ' running ')" "machines that go on without $1"
  run smol restart "$1"
  assert_equal 0 "$code" "restart of $1: $output"
  run smol ps
  assert_equal 0 "$code" "ps after restart: $output"
  run smol exec client -- ping -nc 1 -W 2 10.1.2.2
  assert_equal 0 "$code" "ping after restart of $1: $output"
}
says_so() {
  run smol ps
  [[ $code == 1 ]] && grep -Eq "^$1 .* dead: killed by signal 9 \(Killed\)" <<<"$output"
}

for title in "keeper of smol-internet" smol-internet; do kill_while_running "$title" is_gone; done
for machine in "${machines[@]}"; do kill_while_running "$machine" says_so_and_comes_back; done

# --- While it ends ---------------------------------------------------------------------------------

kill_while_ending() {
  local down
  assert_works "nothing"
  smol down -q >/dev/null 2>&1 &
  down=$!
  moment 20
  ! is_there "$1" || kill -9 "$victim" 2>/dev/null || true
  wait "$down" || true
  assert_works "$1 was killed during down"
  smol down -q
  assert_gone "$1 was killed during down"
}

for ((i = 0; i < rounds; ++i)); do
  for title in "keeper of smol-internet" smol-internet "${machines[RANDOM % 3]}"; do
    kill_while_ending "$title"
  done
done
