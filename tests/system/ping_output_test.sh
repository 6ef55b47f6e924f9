# Our ping beside the real one from the same network: the same words, order and exit codes.
. "$(dirname "$0")/support.sh"

network one
network two
ip addr add 10.1.1.1/24 dev one
start_node node node --tap tap-node --ip 10.1.1.2/24
start_node router router --tap tap-r1 --ip 10.1.1.3/24 --tap tap-r2 --ip 10.1.2.3/24
start_node far node --tap tap-far --ip 10.1.2.2/24 --gateway 10.1.2.3
plug_in tap-node one
plug_in tap-r1 one
plug_in tap-r2 two
plug_in tap-far two
for route in "10.1.2.0/24 via 10.1.1.3" "unreachable 10.3.0.0/16" "prohibit 10.4.0.0/16" "blackhole 10.5.0.0/16" \
  "10.6.0.0/16 via 10.1.1.3"; do
  # shellcheck disable=SC2086
  ip route add $route
  # shellcheck disable=SC2086
  smol ip node route add $route
done
wait_for 3 ping -c 1 -W 0.3 10.1.2.2
wait_for 3 smol ping node 10.1.2.2 -c 1 -W 0.3

# Times differ, and so do the two senders' addresses.
common() {
  sed -E 's/time=[0-9.]+ ms/time=T/; s/time [0-9]+ms/time T/; s/= [0-9.]+(\/[0-9.]+)+ ms/= T/
    s/, ipg.*//; s/, pipe [0-9]+//; s/10\.1\.1\.[12]\>/SENDER/g' <<<"$1" | tr -d '\b'
}

alike() {
  local real_code=0 real
  real=$(timeout 10 ping "$@" 2>&1) || real_code=$?
  run smol ping node "$@"
  assert_equal "$(common "$real")" "$(common "$output")" "ping $*"
  assert_equal "$real_code" "$code" "exit code of ping $*"
}

while read -r -a words; do
  alike "${words[@]}"
done <<'END'
-c 2 -i 0.2 10.1.1.3
-c 1 10.1.2.2
-c 3 -i 0.2 -q 10.1.2.2
-c 1 -s 0 10.1.2.2
-c 1 -s 15 10.1.2.2
-c 1 -s 16 10.1.2.2
-c 1 -s 3000 10.1.2.2
-c 1 -t 1 -W 1 10.1.2.2
-c 1 -t 2 -W 1 10.1.2.2
-c 1 -t 255 10.1.2.2
-n -c 1 10.1.2.2
-c 1 10.9.9.9
-c 1 10.3.0.1
-c 1 10.5.0.1
-c 1 -W 1 10.6.0.1
-c 2 -i 0.2 -W 0.3 10.1.2.3
-f -c 10 10.1.2.2
-c 1 -M do -s 1473 -W 0.3 10.1.2.2
END

# An answer counts, whatever the deadline; without one, it ends there, however many were asked for.
smol ip far route del default
alike -c 2 -w 1 10.1.2.2
run smol ping node -c 2 -i 0.3 -w 1 10.1.2.2
assert_contains "$output" "^[34] packets transmitted, 0 received" "a deadline counts, not the number"

# Nobody there: an error for each request.
ip route del 10.1.2.0/24
smol ip node route del 10.1.2.0/24
alike -c 2 -i 0.2 -W 5 10.1.1.99
