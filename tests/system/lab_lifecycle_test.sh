# Labs come and go: what stands beside what, what is refused, what the verbs say of it.
. "$(dirname "$0")/lab_support.sh"
type -P python3 >/dev/null || lacking python3

is_json() { python3 -m json.tool >/dev/null <<<"$1" || die "no JSON from $2: $1"; }
# lab_file NAME: stdin becomes the lab of that name, $work/NAME/lab.yaml
lab_file() {
  mkdir -p "$work/$1"
  cat >"$work/$1/lab.yaml"
}

# pair NAME: a lab of two machines, always with the same addresses
pair() {
  lab_file "$1" <<END
name: $1
networks: { net: { subnet: 10.7.0.0/24, host: 10.7.0.254/24, mtu: 1400 } }
nodes:
  smol: { networks: { net: 10.7.0.1 } }
  kernel: { networks: { net: 10.7.0.2 }, stack: kernel }
stages:
  bad:
    exec:
      smol:
        - echo fine
        - ip route add 10.8.0.0/24 via 10.9.9.9
END
}
pair left
pair right

# --- Two labs side by side, and the same one twice -------------------------------------------------

run smol up "$work/left"
assert_equal 0 "$code" "up: $output"
assert_contains "$output" '^left is up: 2 machines, 1 networks?, [0-9.]+ s$' "what up says"
run smol up "$work/right" --json
assert_equal 0 "$code" "up of a second lab with the same addresses: $output"
is_json "$output" "up --json"

run smol up "$work/left"
assert_equal 2 "$code" "exit code of up of a lab that runs"
assert_contains "$output" 'lab left runs already; `smolstack down left` ends it' "up of a lab that runs"
run smol down
assert_equal 2 "$code" "exit code of down when two labs run"
assert_contains "$output" 'several labs run \(left, right\); name one' "down when two labs run"
run smol ls
assert_contains "$output" '^left +lab, 2 of 2 machines run, .*/left/lab.yaml$' "ls"
assert_contains "$output" '^right +lab, 2 of 2 machines run, ' "ls"
run smol ls --json
is_json "$output" "ls --json"
run smol ps --lab right --json
assert_equal 0 "$code" "exit code of ps"
is_json "$output" "ps --json"

# Each has its own wires: a machine of the one does not see the other's.
smol link --lab left kernel:eth0 down
run smol exec left/smol -- ping -nc 1 -W 1 10.7.0.2
assert_equal 1 "$code" "ping over a pulled cable: $output"
run smol exec right/smol -- ping -nc 1 -W 2 10.7.0.2
assert_equal 0 "$code" "ping in the other lab: $output"
smol link --lab left kernel:eth0 up

run smol down left
assert_equal 0 "$code" "down: $output"
assert_equal "left is down" "$output" "what down says"
assert_equal "" "$(lab_processes left)" "supervisor of the lab that is down"
run smol exec smol -- ping -nc 1 -W 2 10.7.0.2
assert_equal 0 "$code" "ping in the lab that stays: $output"

# --- Stacks, the host's address, the MTU ----------------------------------------------------------

run smol exec kernel -- ping -nc 1 -W 2 10.7.0.1
assert_equal 0 "$code" "ping from the kernel's stack to ours: $output"
run smol exec host -- ping -nc 1 -W 2 10.7.0.1
assert_equal 0 "$code" "ping from the lab's own namespace: $output"
run smol exec smol -- ping -nc 1 -W 2 10.7.0.254
assert_equal 0 "$code" "ping to the lab's own namespace: $output"
for machine in smol kernel; do
  run smol exec "$machine" -- ip link show eth0
  assert_contains "$output" ' mtu 1400 .*state UP' "MTU of $machine"
  run smol exec "$machine" -- ping -nc 1 -W 2 -M 'do' -s 1372 10.7.0.254
  assert_equal 0 "$code" "a packet of 1400 bytes from $machine: $output"
  run smol exec "$machine" -- ping -nc 1 -W 2 -M 'do' -s 1373 10.7.0.254
  assert_equal 1 "$code" "a packet of 1401 bytes from $machine: $output"
done

# --- Names that are none --------------------------------------------------------------------------

run smol link nobody:eth0 down
assert_equal 2 "$code" "link of no machine: $output"
assert_contains "$output" nobody "link of no machine"
run smol link smol:eth7 down
assert_equal 2 "$code" "link of no interface: $output"
assert_contains "$output" eth7 "link of no interface"
run smol logs nobody
assert_equal 2 "$code" "logs of no machine: $output"
assert_contains "$output" 'lab right has no machine nobody; `smolstack ps` lists them' "logs of no machine"
run smol restart nobody
assert_equal 1 "$code" "restart of no machine: $output"
assert_contains "$output" 'lab right has no machine nobody' "restart of no machine"
run smol exec nobody -- true
assert_equal 125 "$code" "exec on no machine: $output"
assert_contains "$output" nobody "exec on no machine"

# --- Restart --------------------------------------------------------------------------------------

sed -i 's/10\.7\.0\.1 /10.7.0.11 /' "$work/right/lab.yaml"
for machine in smol kernel; do
  run smol restart "$machine"
  assert_equal 0 "$code" "restart of $machine: $output"
  assert_contains "$output" "^$machine is up again, " "what restart says"
done
run smol exec kernel -- ping -nc 1 -W 2 10.7.0.11
assert_equal 0 "$code" "ping to the address that the file gives now: $output"
run smol ps
assert_contains "$output" '^smol .* eth0 10\.7\.0\.11/24' "ps after restart"

echo "nodes: 7" >>"$work/right/lab.yaml"
run smol restart smol
assert_equal 2 "$code" "restart when the file has mistakes: $output"
run smol restart
assert_equal 2 "$code" "restart of all when the file has mistakes: $output"
sed -i '$d' "$work/right/lab.yaml"
run smol restart
assert_equal 0 "$code" "restart of all: $output"
run smol ps
assert_equal 0 "$code" "ps after restart of all: $output"
smol down -q
assert_nothing_left

# --- What goes wrong while a lab comes up ----------------------------------------------------------

run smol up "$work/left" --stage bad
assert_equal 1 "$code" "exit code of up when a command of its stage fails"
assert_contains "$output" 'left/lab\.yaml:11: `ip route add 10\.8\.0\.0/24 via 10\.9\.9\.9` ended with 2: ' \
  "place of the command that fails"
assert_contains "$output" 'invalid gateway|unreachable' "words of the program that fails"
assert_contains "$output" '^left is up' "up when a command of its stage fails"
run smol ps
assert_equal 0 "$code" "ps after a command of the stage failed: $output"
smol down -q

run smol up "$work/left" --stage worse
assert_equal 2 "$code" "exit code of up with an unknown stage"
assert_contains "$output" 'lab left has no stage `worse`; there are bad' "up with an unknown stage"

lab_file wrong <<'END'
name: wrong
networks: { net: { subnet: 10.7.0.0/24 } }
nodes:
  one: { networks: { net: 10.7.0.1 } }
  two: { networks: { nets: 10.7.0.2 } }
END
run smol up "$work/wrong"
assert_equal 2 "$code" "exit code of up with a mistake in the file"
assert_contains "$output" 'wrong/lab\.yaml:5: .*nets' "up with a mistake in the file"
run smol up "$work/nowhere"
assert_equal 2 "$code" "exit code of up without a file"
assert_nothing_left

# --- Scripts that never end, and logs -------------------------------------------------------------

lab_file endless <<'END'
networks: { net: { subnet: 10.7.0.0/24 } }
nodes: { one: { networks: { net: 10.7.0.1 } } }
END
printf '%s\n' 'echo "$HOSTNAME began"' 'sleep infinity' >"$work/endless/start-up.sh"
run smol up "$work/endless"
assert_equal 0 "$code" "up with a script that never ends: $output"
run smol logs
assert_equal 0 "$code" "exit code of logs"
assert_contains "$output" '(one \| )?one began' "logs"

smol logs -f >"$work/followed" &
following=$!
smol exec one -- sh -c 'echo later >>/proc/1/fd/2'
wait_for 3 grep -q later "$work/followed"
smol down -q
status=0
wait "$following" || status=$?
assert_equal 0 "$status" "logs -f when the lab ends"

# A program that never stops talking: the log stays below its bound (8 MiB, and what is written in a
# tenth of a second), and ends with what was said last.
smol up "$work/endless" -q
log=$SMOLSTACK_RUN_DIR/endless/one.log
smol exec one -- sh -c 'yes "0123456789 0123456789" | head -n 410000 >>/proc/1/fd/2; echo last >>/proc/1/fd/2'
is_cut() { (($(stat -c %s "$log") < 9000000)) && grep -q 'what was written before has been cut off' "$log"; }
wait_for 5 is_cut
assert_equal last "$(tail -n 1 "$log")" "end of a log that was cut"
smol down -q

# --- Many machines --------------------------------------------------------------------------------

big_lab() {
  echo 'networks:'
  for net in {0..4}; do echo "  net$net: { subnet: 10.20.$net.0/24 }"; done
  echo '  core: { subnet: 10.20.100.0/24 }'
  echo 'nodes:'
  for net in {0..4}; do
    echo "  r$net: { kind: router, networks: { core: 10.20.100.$((net + 1)), net$net: 10.20.$net.1 } }"
  done
  for i in {0..40}; do
    echo "  h$i: { networks: { net$((i % 5)): 10.20.$((i % 5)).$((10 + i)) } }"
  done
}
big_lab | lab_file big
run smol up "$work/big"
assert_equal 0 "$code" "up of 46 machines: $output"
assert_contains "$output" '^big is up: 46 machines, 6 networks, ' "up of 46 machines"
assert_equal 46 "$(smol ps | grep -c ' running ')" "machines that run"
run smol exec h40 -- ping -nc 1 -W 2 10.20.0.15
assert_equal 0 "$code" "ping on a network of a large lab: $output"
smol down -q
assert_nothing_left

# A compose file as it is: the start-up script runs first, then the command that keeps a container alive.
mkdir -p "$work/compose"
cat >"$work/compose/docker-compose.yml" <<'YAML'
services:
  one:
    command: sleep infinity
    networks: { net: { ipv4_address: 10.5.0.2 } }
networks:
  net: { ipam: { config: [{ subnet: 10.5.0.0/24 }] } }
YAML
echo 'ip route add 10.9.0.0/16 via 10.5.0.9' >"$work/compose/start-up.sh"
run smol up "$work/compose" -q
assert_equal 0 "$code" "up of a compose file: $output"
run smol exec one -- ip route
assert_contains "$output" '^10\.9\.0\.0/16 via 10\.5\.0\.9' "what the start-up script did"
wait_for 5 smol exec one -- pgrep -x sleep
smol down -q
assert_nothing_left
