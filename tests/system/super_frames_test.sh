#!/usr/bin/env bash
# Super-frames through a router between Linux hosts, with every checksum verified by the receiving
# kernel; and what becomes of them where the way out does not take them. Without offloads (the same
# test, SMOLSTACK_OFFLOAD=off) no frame is longer than the MTU.
. "$(dirname "$0")/support.sh"

for tool in iperf3 nstat jq python3 tcpdump; do
  command -v "$tool" >/dev/null || lacking "$tool"
done
one_user=()
! has_one_user || one_user=("$(dirname "$0")/../../scripts/one-user")
[[ ${SMOLSTACK_OFFLOAD:-} == off ]] && is_on=false || is_on=true

# host NAME TAP SUBNET-NUMBER: a host of its own behind the TAP, 10.1.NUMBER.2
host() {
  ip netns add "$1"
  ip link set "$2" netns "$1"
  ip -n "$1" link set lo up
  ip -n "$1" addr add "10.1.$3.2/24" dev "$2"
  ip -n "$1" link set "$2" up
  ip -n "$1" route add default via "10.1.$3.3"
}
inside() { ip netns exec "$@"; }
count() { inside "$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'; }

# No host ever saw a wrong header or checksum.
assert_clean() {
  local host counter
  for host in client server; do
    for counter in IpInHdrErrors TcpInCsumErrors UdpInCsumErrors; do
      assert_equal 0 "$(count "$host" "$counter")" "$counter of $host"
    done
  done
}

has_server() { inside server ss -Hltn sport = :5201 | grep -q .; }

# stream WORDS...: 100 MB by TCP, all of which arrive
stream() {
  inside server iperf3 -s -1 >"$work/iperf.server" 2>&1 &
  wait_for 5 has_server
  inside client iperf3 -c 10.1.2.2 -n 100M -J "$@" >"$work/iperf"
  jq -e '.end.sum_received.bytes >= 100000000' "$work/iperf" >/dev/null || die "iperf3 $*: $(cat "$work/iperf")"
  wait "$!" || die "iperf3's server: $(cat "$work/iperf.server")"
}

# datagrams SIZE COUNT: UDP in one system call, cut by whoever must (UDP_SEGMENT, udp(7)); what the
# server received, in bytes
datagrams() {
  inside server python3 - "$@" >"$work/udp" <<'PYTHON' &
import socket, sys
size, count = int(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
s.bind(("10.1.2.2", 5000))
s.settimeout(10)
open("/run/udp-ready", "w").close()
got = [s.recv(65535) for _ in range(count)]
print(len(got), all(len(d) == size for d in got), b"".join(got) == bytes(range(256)) * (size * count // 256))
PYTHON
  wait_for 5 test -e /run/udp-ready
  inside client python3 - "$@" <<'PYTHON'
import socket, sys
size, count = int(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 103, size)
s.sendto(bytes(range(256)) * (size * count // 256), ("10.1.2.2", 5000))
PYTHON
  wait "$!" || die "the server did not get $2 datagrams"
  rm /run/udp-ready
  assert_equal "$2 True True" "$(cat "$work/udp")" "datagrams"
}

offloads_of() { smol stats router -j | jq -r --arg name "$1" '.interfaces[] | select(.ifname == $name).offloads | join(" ")'; }
segments_created() { smol stats router -j | jq .stack.segments_created; }
# What was dropped, but for IPv6 and its like.
dropped() {
  smol stats router -j | jq -c '[.interfaces[].drops[] | select(.reason != "unknown_ethertype") | {(.reason): .count}]'
}
is_long='length ([2-9][0-9]{3}|[0-9]{5})'

# --- Between two TAPs --------------------------------------------------------------------------

start_node router router --tap t1 --ip 10.1.1.3/24 --tap t2 --ip 10.1.2.3/24
host client t1 1
host server t2 2
inside client ping -q -c 3 -i 0.01 -W 1 10.1.2.2 >/dev/null || die "ping"
if $is_on; then
  assert_contains "$(offloads_of t2)" '^checksum tso4' "what is in force"
else
  assert_equal "" "$(offloads_of t2)" "what is in force"
fi

inside client ping -q -i 0.01 -c 100 -W 1 10.1.2.2 >"$work/ping" &
ping=$!
inside server "${one_user[@]}" tcpdump -nl --immediate-mode -i t2 -c 2000 tcp port 5201 >"$work/frames" 2>"$work/frames.err" &
tcpdump=$!
wait_for 5 grep -q 'listening on' "$work/frames.err"
stream
stream -R
wait "$ping" || die "ping beside TCP: $(cat "$work/ping")"
# Without offloads TCP fills the queue of the TAP, whose overflow takes what comes: as on any link.
lost=$(sed -n 's/.*received, \([0-9]*\).*packet loss.*/\1/p' "$work/ping")
most=0
[[ ${SMOLSTACK_OFFLOAD:-on} != off ]] || most=30
((lost <= most)) || die "ping beside TCP lost $lost%, allowed $most%: $(cat "$work/ping")"
wait "$tcpdump" || true
if $is_on; then
  assert_contains "$(cat "$work/frames")" "$is_long" "super-frames"
else
  assert_lacks "$(cat "$work/frames")" "$is_long" "frames"
fi
datagrams 1024 40
assert_clean
assert_equal "[]" "$(dropped)" "drops"
assert_equal 0 "$(segments_created)" "segments of our own"

# --- A wire that impairs carries no super-frames -----------------------------------------------

smol impair router:t2 --delay 1ms --limit 65536 >/dev/null
stream
stream -R
datagrams 1024 40
smol impair router:t2 --clear >/dev/null
assert_clean
if $is_on; then
  (($(segments_created) > 1000)) || die "nothing was cut up"
fi

# --- A smaller MTU: the client learns of it (RFC 1191) -----------------------------------------

stop_node router
ip netns del client
ip netns del server
start_node router router --tap t1 --ip 10.1.1.3/24 --tap t2 --ip 10.1.2.3/24 --mtu 1300
host client t1 1
host server t2 2
# The server's link tells it, and by its MSS the client; so it promises more than it should.
ip -n server route change default via 10.1.2.3 advmss 1460
stream
stream -R
assert_contains "$(inside client ip route get 10.1.2.2)" 'mtu 1300' "what the client has learnt"
# Who forbids no fragments has them made, of each datagram.
inside client sysctl -qw net.ipv4.ip_no_pmtu_disc=1
inside client ip route flush cache
datagrams 1408 40
assert_clean

# --- A way out without offloads, and a TUN -----------------------------------------------------

stop_node router
ip netns del client
ip netns del server
start_node router router --tap t1 --ip 10.1.1.3/24 --tun t2 --ip 10.1.2.3/24
host client t1 1
host server t2 2
stream
stream -R
datagrams 1024 40
assert_clean
stop_node router
ip netns del client
ip netns del server
start_node router router --no-offload --tap t1 --ip 10.1.1.3/24 --tap t2 --ip 10.1.2.3/24
host client t1 1
host server t2 2
assert_equal "" "$(offloads_of t2)" "what --no-offload leaves"
stream
datagrams 1024 40
assert_clean
