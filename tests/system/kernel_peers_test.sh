# Linux kernels on both sides of our router: TAPs made in a namespace, moved into one, and enslaved
# to a bridge while packets flow; TCP between the kernels; redirects sent and obeyed.
. "$(dirname "$0")/support.sh"

ip netns add left
ip netns add right
start_node router router --tap k-left --ip 10.1.1.3/24 --netns left --tap k-right --ip 10.1.2.3/24

# One TAP was made inside its namespace, the other moves there while it is in use.
in_left() { ip netns exec left "$@"; }
in_right() { ip netns exec right "$@"; }
ip -n left addr add 10.1.1.2/24 dev k-left
ip -n left link set k-left up
ip -n left route add 10.1.2.0/24 via 10.1.1.3
ip addr add 10.1.2.2/24 dev k-right
ip link set k-right up
run ping -c 1 -W 2 10.1.2.3
assert_equal 0 "$code" "ping of the router before the TAP moves"
ip link set k-right netns right
ip -n right addr add 10.1.2.2/24 dev k-right
ip -n right link set k-right up
ip -n right route add 10.1.1.0/24 via 10.1.2.3
wait_for 2 in_left ping -c 1 -W 0.5 10.1.2.2
run in_left ping -c 3 -i 0.1 10.1.2.2
assert_contains "$output" "3 received, 0% packet loss" "kernel to kernel"
assert_contains "$output" "ttl=63" "kernel to kernel"

# TCP: eight megabytes there, and their checksum back.
head -c 8000000 /dev/urandom >"$work/data"
cat >"$work/receive.py" <<'END'
import hashlib, socket
listener = socket.create_server(("10.1.2.2", 9000))
print("listening", flush=True)
while True:
    peer, _ = listener.accept()
    digest = hashlib.sha256()
    while data := peer.recv(65536):
        digest.update(data)
    peer.sendall(digest.hexdigest().encode())
    peer.close()
END
cat >"$work/send.py" <<'END'
import socket, sys
peer = socket.create_connection(("10.1.2.2", 9000), 5)
peer.settimeout(20)
peer.sendall(open(sys.argv[1], "rb").read())
peer.shutdown(socket.SHUT_WR)
answer = b""
while data := peer.recv(100):
    answer += data
print(answer.decode())
END
in_right python3 "$work/receive.py" >"$work/receiver" 2>&1 &
wait_for 5 grep -q listening "$work/receiver"
sum=$(sha256sum "$work/data")
assert_equal "${sum%% *}" "$(in_left python3 "$work/send.py" "$work/data")" "checksum at the other end"

# The left TAP becomes a port of a bridge while a ping runs; the ping loses little and goes on.
in_left ping -i 0.05 -c 60 10.1.2.2 >"$work/ping" 2>&1 &
pinging=$!
wait_for 5 captured "$work/ping" "bytes from" 5
ip -n left link add wire type bridge forward_delay 0
ip -n left link set wire up
ip -n left addr flush dev k-left
ip -n left link set k-left master wire
ip -n left addr add 10.1.1.2/24 dev wire
ip -n left route add 10.1.2.0/24 via 10.1.1.3
answered=$(grep -c 'bytes from' "$work/ping")
wait_for 5 captured "$work/ping" "bytes from" $((answered + 20))
wait "$pinging" || true
assert_equal "${sum%% *}" "$(in_left python3 "$work/send.py" "$work/data")" "checksum over the bridge"

# A better way on the same wire: the router forwards and redirects, and the kernel learns.
start_node second router --tap k-second --ip 10.1.1.4/24 --netns left --tap k-far --ip 10.9.0.1/24 --netns right
ip -n left link set k-second master wire up
ip -n right link set k-far up
ip -n right addr add 10.9.0.2/24 dev k-far
smol ip router route add 10.9.0.0/24 via 10.1.1.4
ip -n left route add 10.9.0.0/24 via 10.1.1.3
run in_left ping -c 3 -i 0.2 10.9.0.1
assert_contains "$output" "^From 10.1.1.3:? icmp_seq=1 Redirect Host\(New nexthop: 10.1.1.4\)" "redirect"
assert_contains "$output" " 3 received, .*0% packet loss" "pings that were redirected"
assert_contains "$(ip -n left route get 10.9.0.1)" "^10.9.0.1 via 10.1.1.4 " "what the kernel learned"

# And the other way round: a kernel that forwards, a node of ours that obeys (RFC 1122 §3.2.2.2).
ip netns add gate
ip -n left link add to-gate type veth peer name eth0 netns gate
ip -n left link set to-gate master wire up
ip -n gate addr add 10.1.1.5/24 dev eth0
ip netns exec gate sysctl -qw net.ipv4.conf.all.send_redirects=1 net.ipv4.conf.eth0.send_redirects=1 net.ipv4.ip_forward=1
ip -n gate link set eth0 up
ip -n gate route add 10.9.0.0/24 via 10.1.1.4
start_node host node --tap k-host --ip 10.1.1.20/24 --netns left --gateway 10.1.1.5
ip -n left link set k-host master wire up
wait_for 3 smol ping host 10.1.1.5 -c 1 -W 1
run smol ping host 10.9.0.1 -c 1
assert_equal 0 "$code" "ping through the kernel"
obeyed() { [[ $(smol stats host -j | jq '[.. | .redirects_obeyed? // empty] | add') == 1 ]]; }
wait_for 2 obeyed
run smol ping host 10.9.0.1 -c 1
assert_contains "$output" "icmp_seq=1 ttl=64 " "the direct way"
assert_lacks "$output" "Redirect" "the direct way"
assert_equal 1 "$(smol stats host -j | jq '[.. | .redirects_obeyed? // empty] | add')" "redirects"
