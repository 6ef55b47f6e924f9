# The Linux kernel as router and as bridge between machines of ours; and our router between two
# Linux hosts that use it in earnest: iperf3, curl and nc, over a way whose MTU shrinks.
. "$(dirname "$0")/support.sh"
. "$(dirname "$0")/peers_support.sh"

needs iperf3 curl nc bridge python3 jq

same_processes() { # AFTER NAME...
  local after=$1 name
  shift
  for name in "$@"; do
    smol ip "$name" addr >/dev/null || die "after $after $name does not answer"
    kill -0 "${node_pid[$name]}" 2>/dev/null || die "after $after $name has ended"
  done
}

# --- A Linux router ----------------------------------------------------------------------------------
#
#   near 10.1.1.2 ── 10.1.1.3 Linux 10.1.2.3 ── mtu 1280 ── 10.1.2.2 far

new_namespace gate
inside gate sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
start_node near node --tap tap-near --ifname eth0 --ip 10.1.1.2/24 --gateway 10.1.1.3 --netns gate
start_node far node --tap tap-far --ifname eth0 --ip 10.1.2.2/24 --mtu 1280 --gateway 10.1.2.3 --netns gate
ip -n gate addr add 10.1.1.3/24 dev tap-near
ip -n gate addr add 10.1.2.3/24 dev tap-far
wait_for 5 smol ping near 10.1.2.2 -c 1 -W 1

for size in 0 56 1252 1253 1472 1473 8000 65507; do
  run smol ping near 10.1.2.2 -M dont -c 1 -W 2 -s "$size"
  assert_contains "$output" "^$((size + 8)) bytes from 10.1.2.2: icmp_seq=1 ttl=63" "near to far, $size bytes"
  run smol ping far 10.1.1.2 -M dont -c 1 -W 2 -s "$size"
  assert_contains "$output" "^$((size + 8)) bytes from 10.1.1.2: icmp_seq=1 ttl=63" "far to near, $size bytes"
done
run smol ping near 10.1.2.2 -c 1 -W 2 -M do -s 1400
assert_contains "$output" "^From 10.1.1.3 icmp_seq=1 Frag needed and DF set \(mtu = 1280\)" "Linux to near"
run smol ping near 10.1.2.2 -c 2 -i 0.2 -W 2 -M want -s 1400
assert_contains "$output" "^From 10.1.1.3 icmp_seq=1 Frag needed and DF set \(mtu = 1280\)" "Linux to near"
assert_contains "$output" "^1408 bytes from 10.1.2.2: icmp_seq=2 ttl=63" "what near learned from it"
run smol ping near 10.1.2.2 -c 1 -W 2 -M do -s 1252
assert_equal 0 "$code" "what fits all the way"
run smol ping near 10.1.2.2 -c 1 -W 2 -t 1
assert_contains "$output" "^From 10.1.1.3 icmp_seq=1 Time to live exceeded" "Linux to near"
for way in "" -I; do
  # shellcheck disable=SC2086
  run smol traceroute near 10.1.2.2 -n $way
  [[ $output =~ $'\n 1  10.1.1.3 '.*$'\n 2  10.1.2.2 '[^$'\n']*$ ]] || die "our traceroute $way: $output"
done
run smol ping near 10.1.2.77 -c 1 -W 5
assert_contains "$output" "^From 10.1.1.3 icmp_seq=1 Destination Host Unreachable" "Linux to near"
# Linux limits what it says of its routes; what is said must be understood.
is_told() { [[ $(smol ping near 10.9.0.1 -c 1 -W 1) == *"From 10.1.1.3 icmp_seq=1 $1"* ]]; }
for answer in "unreachable=Destination Host Unreachable" "prohibit=Packet filtered"; do
  ip -n gate route add "${answer%%=*}" 10.9.0.0/16
  wait_for 5 is_told "${answer#*=}"
  ip -n gate route del "${answer%%=*}" 10.9.0.0/16
done
wait_for 5 is_told "Destination Net Unreachable"
run smol ping near 10.1.2.2 -f -q -c 2000
assert_contains "$output" "^2000 packets transmitted, 2000 received, 0% packet loss" "a flood through Linux"

inside gate sysctl -qw net.ipv4.ip_forward=0
run smol ping near 10.1.2.2 -c 1 -W 0.5
assert_equal 1 "$code" "ping while Linux does not forward"
inside gate sysctl -qw net.ipv4.ip_forward=1
run smol ping near 10.1.2.2 -c 1 -W 2
assert_equal 0 "$code" "ping once it does again"
same_processes "a Linux router" near far
stop_node near
stop_node far

# --- Linux bridges -----------------------------------------------------------------------------------
#
#   near 10.1.1.2 ── bridge ── veth ── bridge ── 10.1.1.4 other

new_namespace wires
for name in here there; do
  ip -n wires link add "$name" type bridge forward_delay 0
  ip -n wires link set "$name" up
done
ip -n wires link add across type veth peer name back
ip -n wires link set across master here up
ip -n wires link set back master there up
start_node near node --tap tap-near --ifname eth0 --ip 10.1.1.2/24 --netns wires
start_node other node --tap tap-other --ifname eth0 --ip 10.1.1.4/24 --netns wires
ip -n wires link set tap-near master here
ip -n wires link set tap-other master there
wait_for 5 smol ping near 10.1.1.4 -c 1 -W 1
for size in 0 1472 1473 65507; do
  run smol ping near 10.1.1.4 -c 1 -W 2 -s "$size"
  assert_contains "$output" "^$((size + 8)) bytes from 10.1.1.4: icmp_seq=1 ttl=64" "over two bridges, $size bytes"
done
run smol ping other 10.1.1.2 -f -q -c 2000
assert_contains "$output" "^2000 packets transmitted, 2000 received, 0% packet loss" "a flood over two bridges"
# The bridges have learned who is where, from our frames alone.
fdb=$(bridge -n wires fdb show)
assert_contains "$fdb" "^02:42:0a:01:01:02 dev tap-near master here" "what the first bridge learned"
assert_contains "$fdb" "^02:42:0a:01:01:04 dev across master here" "what the first bridge learned"
assert_contains "$fdb" "^02:42:0a:01:01:04 dev tap-other master there" "what the second bridge learned"
# Two isolated ports do not see each other; then they do again.
isolate() {
  bridge -n wires link set dev tap-near isolated "$1"
  bridge -n wires link set dev across isolated "$1"
}
isolate on
run smol ping near 10.1.1.4 -c 1 -W 0.5
assert_equal 1 "$code" "ping between isolated ports"
isolate off
wait_for 5 smol ping near 10.1.1.4 -c 1 -W 1
# A machine that moves from one bridge to the other is found again.
ip -n wires link set tap-near master there
wait_for 5 smol ping near 10.1.1.4 -c 1 -W 1
wait_for 5 smol ping other 10.1.1.2 -c 1 -W 1
same_processes "Linux bridges" near other
stop_node near
stop_node other

# --- Our routers between Linux hosts -----------------------------------------------------------------
#
#   left 10.1.1.2 ── 10.1.1.3 first 10.1.3.3 ── mtu 1280 ── 10.1.3.4 second 10.1.2.3 ── 10.1.2.2 right

new_namespace left
new_namespace right
start_node first router --tap tap-left --ip 10.1.1.3/24 --netns left --tap tap-first --ip 10.1.3.3/24 --mtu 1280 \
  --netns wires --route "10.1.2.0/24 via 10.1.3.4"
start_node second router --tap tap-right --ip 10.1.2.3/24 --netns right --tap tap-second --ip 10.1.3.4/24 --mtu 1280 \
  --netns wires --route "10.1.1.0/24 via 10.1.3.3"
ip -n wires link set tap-first master here
ip -n wires link set tap-second master here
ip -n left addr add 10.1.1.2/24 dev tap-left
ip -n right addr add 10.1.2.2/24 dev tap-right
ip -n left route add default via 10.1.1.3
ip -n right route add default via 10.1.2.3
in_left() { inside left timeout 60 "$@"; }
in_right() { inside right timeout 60 "$@"; }
wait_for 5 in_left ping -c 1 -W 1 10.1.2.2

is_open() { inside "$1" ss -Hln "$2" "sport = :$3" | grep -q .; }
learned_mtu() { [[ $(ip -n "$1" route get "$2") == *"mtu 1280"* ]]; }

# nc, TCP: a file in each direction, whole. Segments of 1500 bytes meet the smaller MTU first.
head -c 3000000 /dev/urandom >"$work/data"
sum=$(sha256sum <"$work/data")
! learned_mtu left 10.1.2.2 || die "the MTU is known before anything was sent"
in_right nc -l -d 9001 >"$work/received" 2>"$work/nc.err" &
receiving=$!
wait_for 5 is_open right -t 9001
in_left nc -N 10.1.2.2 9001 <"$work/data"
wait "$receiving"
assert_equal "$sum" "$(sha256sum <"$work/received")" "nc, from left to right"
learned_mtu left 10.1.2.2 || die "left has not been told of the smaller MTU"
in_left nc -l -N 9002 <"$work/data" >"$work/nothing" 2>"$work/nc.err" &
sending=$!
wait_for 5 is_open left -t 9002
in_right nc -d 10.1.1.2 9002 >"$work/received"
wait "$sending"
assert_equal "$sum" "$(sha256sum <"$work/received")" "nc, from left to right, connected from the right"

# nc, UDP: datagrams of all sizes arrive whole, also those that are cut (into pieces of 1280 by us).
in_right nc -u -l 9003 >"$work/datagrams" </dev/null 2>"$work/nc.err" &
receiving=$!
wait_for 5 is_open right -u 9003
sizes=(1 100 1252 1253 1472 1473 4000 9000)
total=0
for size in "${sizes[@]}"; do
  head -c "$size" "$work/data" | in_left nc -u -q 0 -p 9004 10.1.2.2 9003 >"$work/nothing"
  total=$((total + size))
done
received() { (($(stat -c %s "$work/datagrams") == total)); }
wait_for 5 received
for size in "${sizes[@]}"; do head -c "$size" "$work/data"; done | cmp - "$work/datagrams" ||
  die "datagrams of nc arrived otherwise"
kill "$receiving"
wait "$receiving" || true
run in_left nc -z -w 2 10.1.2.2 9999
assert_equal 1 "$code" "nc to a closed port of right"

# curl: there and back. Who knows of a smaller MTU asks for small segments, so both forget it first.
cat >"$work/server.py" <<'END_OF_SERVER'
import hashlib, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(hashlib.sha256(body).hexdigest().encode())
http.server.ThreadingHTTPServer((sys.argv[1], 80), Handler).serve_forever()
END_OF_SERVER
for pair in left=10.1.1.2=right right=10.1.2.2=left; do
  IFS='=' read -r at address from <<<"$pair"
  (cd "$work" && exec nsenter --net="/run/netns/$at" timeout 60 python3 server.py "$address") >"$work/server" 2>&1 &
  serving=$!
  wait_for 5 is_open "$at" -t 80
  inside "$from" curl -sS --max-time 30 -o "$work/fetched" "http://$address/data"
  assert_equal "$sum" "$(sha256sum <"$work/fetched")" "curl, from $at to $from"
  for name in left right; do ip -n "$name" route flush cache; done
  assert_equal "${sum%% *}" "$(inside "$from" curl -sS --max-time 30 -T "$work/data" "http://$address/")" \
    "curl -T, from $from to $at"
  learned_mtu "$from" "$address" || die "$from has not been told of the smaller MTU"
  kill "$serving"
  wait "$serving" || true
  run inside "$from" curl -sS --max-time 5 "http://$address/data"
  assert_equal 7 "$code" "curl, when nobody listens any more"
done

# iperf3: TCP and UDP, both directions. Its receiver stops counting as soon as the sender is done, and
# on a busy machine it is too slow for some datagrams; our routers lose none.
in_right iperf3 -s -p 5201 >"$work/iperf" 2>&1 &
serving=$!
wait_for 5 is_open right -t 5201
dropped() { for name in first second; do smol stats "$name" | grep dropped || true; done; }
for way in "" -R; do
  # shellcheck disable=SC2086
  in_left iperf3 -c 10.1.2.2 -J -n 20M $way >"$work/tcp$way"
  jq -e '.end.sum_received.bytes >= 10000000' "$work/tcp$way" >/dev/null || die "iperf3 $way: $(cat "$work/tcp$way")"
  before=$(dropped)
  # shellcheck disable=SC2086
  in_left iperf3 -c 10.1.2.2 -J -u -b 10M -l 1200 -n 1M $way >"$work/udp$way"
  jq -e '.end.sum | .packets >= 700 and .lost_packets <= 70' "$work/udp$way" >/dev/null ||
    die "iperf3 -u $way: $(jq -c .end.sum "$work/udp$way")"
  assert_equal "$before" "$(dropped)" "what our routers dropped during iperf3 -u $way"
done
kill "$serving"
wait "$serving" || true

same_processes "Linux hosts" first second
run in_left ping -c 3 -i 0.1 10.1.2.2
assert_contains "$output" "ttl=62 " "ping at the end"
assert_contains "$output" "3 received, 0% packet loss" "ping at the end"
