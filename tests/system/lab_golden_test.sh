# What the course relies on beyond its walkthrough: errors, sizes, tools, multicast, names.
. "$(dirname "$0")/lab_support.sh"

smol up "$labs/smol-internet" --stage final -q

# TTL 64, one less for each hop; three probes in a moment are all answered.
shell client 'traceroute -n -q 3 10.1.2.2'
assert_contains "$output" '^ 1  10\.1\.1\.3  [0-9.]+ ms  [0-9.]+ ms  [0-9.]+ ms$' "traceroute, first hop"
assert_contains "$output" '^ 2  10\.1\.2\.2  [0-9.]+ ms  [0-9.]+ ms  [0-9.]+ ms$' "traceroute, second hop"
shell client 'traceroute -n -I -q 1 10.1.2.2; tracepath -n 10.1.2.2 2>/dev/null || true'
assert_contains "$output" '^ 2  10\.1\.2\.2' "traceroute with ICMP"
shell client 'ping -c 1 -t 1 10.1.2.2'
assert_contains "$output" '^From 10\.1\.1\.3 icmp_seq=1 Time to live exceeded$' "TTL 1"

# An error quotes what fits into 576 bytes, with precedence and a TTL of its own; echo replies may be
# fragmented; each frame is seen once.
capture client "$work/errors" -v -i eth0 icmp
shell client 'ping -c 1 -s 1000 -t 1 10.1.2.2; ping -c 1 -s 3000 10.1.2.2'
assert_contains "$output" '^3008 bytes from 10\.1\.2\.2: icmp_seq=1 ttl=63' "a ping in fragments"
wait_for 5 captured "$work/errors" 'echo reply'
end_capture "$work/errors"
assert_contains "$output" 'tos 0xc0, ttl 64, .*length 576\)' "an ICMP error"
assert_equal 1 "$(grep -c 'time exceeded' <<<"$output")" "errors for one packet"
assert_equal 1 "$(grep -c 'echo reply' <<<"$output")" "replies to one request"

# Every size arrives, whatever the data at the beginning of a fragment looks like.
shell client 'for size in 2000 20000 40000 65507; do ping -c 1 -W 2 -s $size 10.1.2.2; done'
assert_equal 4 "$(grep -c ' 1 received' <<<"$output")" "pings in many fragments: $output"

# Nobody there: host unreachable, here and across the router; no route at the router: net unreachable.
shell client 'ping -c 1 -W 5 10.1.1.77'
assert_contains "$output" '^From 10\.1\.1\.2 icmp_seq=1 Destination Host Unreachable$' "no neighbour"
shell client 'ping -c 1 -W 5 10.1.2.77'
assert_contains "$output" '^From 10\.1\.1\.3 icmp_seq=1 Destination Host Unreachable$' "no neighbour of the router"
shell client 'ip route add 10.77.0.0/16 via 10.1.1.3; ping -c 1 -W 2 10.77.0.1'
assert_contains "$output" '^From 10\.1\.1\.3 icmp_seq=1 Destination Net Unreachable$' "no route at the router"

# A path with a smaller MTU, found by the programs.
shell router 'ip link set eth0 mtu 1280'
shell client 'ping -c 1 -W 2 -M do -s 1400 10.1.2.2; ping -c 1 -W 2 -M do -s 1400 10.1.2.2'
assert_contains "$output" '^From 10\.1\.1\.3 icmp_seq=1 Frag needed and DF set \(mtu = 1280\)$' "the MTU, told"
assert_contains "$output" 'local error: message too long, mtu=1280' "the MTU, obeyed"
shell router 'ip link set eth0 mtu 1500'

# TCP and UDP are the programs'; a closed port is refused at once, and once.
shell server '(cd /etc; exec python3 -m http.server 8080) >/dev/null 2>&1 & echo started'
wait_for 10 smol exec client -- curl -sf -o /dev/null http://10.1.2.2:8080/hostname
shell client 'curl -s http://10.1.2.2:8080/hostname; curl -s http://10.1.2.2:81/ || echo refused $?'
assert_equal $'server\nrefused 7' "$output" "curl to an open and to a closed port"
run smol why client server --proto tcp:8080
assert_equal 0 "$code" "why, for a port that is open: $output"
run smol why client server --proto tcp:81
assert_equal 1 "$code" "why, for a port that is closed: $output"

# An interface that goes down takes its routes along; a second address answers at once.
shell router 'ip link set eth0 down; ip route; ip link set eth0 up; ip route'
assert_equal $'10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 
10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 
10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.3 ' "$output" "down, and up again"
run smol ip router route
assert_equal $'10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 
10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.3 ' "$output" "our tables after it"
shell server 'ip addr add 10.1.2.22/24 dev eth0'
shell client 'ping -c 1 -W 2 10.1.2.22; ping -c 1 -W 2 -I 10.1.1.2 10.1.2.2'
assert_equal 2 "$(grep -c '1 received' <<<"$output")" "a second address, and -I"

# The cable: no carrier, and back.
smol link server:eth0 down
shell server 'ip link show eth0'
assert_contains "$output" 'NO-CARRIER.* state DOWN ' "a pulled cable"
shell client 'ping -c 1 -W 1 10.1.2.2'
assert_equal 1 "$code" "nobody answers behind a pulled cable"
smol link server:eth0 up
shell server 'ip link show eth0'
assert_contains "$output" ' state UP ' "plugged in again"
wait_for 10 smol exec client -- ping -c 1 -W 1 10.1.2.2

# 224.0.0.0/24 reaches both and is never forwarded.
capture server "$work/group" -i eth0 net 224.0.0.0/4
capture router "$work/router-group" -i eth1 net 224.0.0.0/4
shell client 'echo hello | timeout 2 python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(\"10.1.1.2\"))
s.sendto(b\"hello\", (\"224.0.0.9\", 520))"'
wait_for 5 captured "$work/router-group" '10.1.1.2.* > 224.0.0.9.520'
end_capture "$work/group"
assert_equal "" "$output" "multicast behind the router"

# Names are the machine's own, and can be edited; so are its processes.
shell server 'echo "10.1.1.2 printer" >> /etc/hosts; getent hosts printer; ping -c 1 printer; ps ax'
assert_contains "$output" '^10\.1\.1\.2 +printer' "a name of the machine's own"
assert_contains "$output" '^PING printer \(10\.1\.1\.2\)' "ping by name"
assert_contains "$output" '^ +1 ' "the first process"
assert_lacks "$(smol exec client -- cat /etc/hosts)" 'printer' "the hosts of another machine"

# The kernel's choice of a way was ours for every packet.
for node in client server router; do
  assert_equal 0 "$(smol stats "$node" -j | jq '.stack.host_route_mismatches')" "mismatches on $node"
done

smol down -q
assert_nothing_left
