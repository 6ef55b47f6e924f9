# The walkthrough of the smol internet: a client, a router and a server on two networks, from a
# first ping to a route that was missing, as its users see it.
. "$(dirname "$0")/support.sh"

smol_internet

# 1. The router's addresses and routes, as iproute2 prints them.
run smol ip router addr
assert_equal "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:42:0a:01:02:03 brd ff:ff:ff:ff:ff:ff
    inet 10.1.2.3/24 brd 10.1.2.255 scope global eth0
       valid_lft forever preferred_lft forever
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:42:0a:01:01:03 brd ff:ff:ff:ff:ff:ff
    inet 10.1.1.3/24 brd 10.1.1.255 scope global eth1
       valid_lft forever preferred_lft forever" "$output" "ip addr of the router"
run smol ip router route
assert_equal "10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 
10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.3 " "$output" "ip route of the router"

# 2. Neighbours. Each question makes its target remember who asked; using what it remembers, the
# target checks it by unicast about five seconds later (RFC 1122 §2.3.2.1): see the end.
capture "$work/wire1" one -e -tt arp or icmp
capture "$work/wire2" tap-server -e -tt arp or icmp
run ping -c 1 10.1.1.3
assert_contains "$output" "^64 bytes from 10.1.1.3: icmp_seq=1 ttl=64 " "the kernel to the router"
run smol ping client 10.1.1.1 -c 1
assert_contains "$output" "^64 bytes from 10.1.1.1: icmp_seq=1 ttl=64 " "client to the kernel"
run smol ping router 10.1.2.2 -c 2 -i 0.2
assert_equal 0 "$code" "ping of a neighbour"
shape="^PING 10\.1\.2\.2 \(10\.1\.2\.2\) 56\(84\) bytes of data\.
64 bytes from 10\.1\.2\.2: icmp_seq=1 ttl=64 time=[0-9.]+ ms
64 bytes from 10\.1\.2\.2: icmp_seq=2 ttl=64 time=[0-9.]+ ms

--- 10\.1\.2\.2 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time [0-9]+ms
rtt min/avg/max/mdev = [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms$"
[[ $output =~ $shape ]] || die "ping of a neighbour is not as ping prints it: $output"
# 3. No route: the send fails here and nothing goes on the wire.
capture "$work/silent" tap-server host 10.1.1.3
run smol ping server 10.1.1.3
assert_equal 2 "$code" "exit code without a route"
assert_equal "ping: connect: Network is unreachable" "$output" "ping without a route"

# 4. The route by hand.
smol ip server route add 10.1.1.0/24 via 10.1.2.3
assert_equal "10.1.1.0/24 via 10.1.2.3 dev eth0 
10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.2 " "$(smol ip server route)" "route added"
end_capture "$work/silent"
assert_equal "" "$output" "the wire while there was no route"
capture "$work/far" tap-router1 arp or icmp
run smol ping server 10.1.1.3 -c 2 -i 0.2
assert_equal 0 "$code" "ping of the router's far address"
assert_contains "$output" "^64 bytes from 10.1.1.3: icmp_seq=2 ttl=64 " "the far address"

# 5. Requests arrive, replies have no way back.
capture "$work/oneway" tap-client arp or icmp
end_capture "$work/far"
assert_equal "" "$output" "the far wire, while the router was asked for its far address"
run smol ping server 10.1.1.2 -c 2 -w 2
assert_equal 1 "$code" "exit code without an answer"
assert_contains "$output" "^2 packets transmitted, 0 received, 100% packet loss, time [0-9]+ms$" "loss"
end_capture "$work/oneway"
# Without the announcements of new machines, which may come at any point (RFC 5227 §2.3).
lines=$(sed -E '/who-has ([0-9.]+) tell \1,/d; s/^[0-9:.]+ //; s/id [0-9]+/id N/' <<<"$output")
assert_equal "ARP, Request who-has 10.1.1.2 tell 10.1.1.3, length 28
ARP, Reply 10.1.1.2 is-at 02:42:0a:01:01:02, length 28
IP 10.1.2.2 > 10.1.1.2: ICMP echo request, id N, seq 1, length 64
IP 10.1.2.2 > 10.1.1.2: ICMP echo request, id N, seq 2, length 64" "$lines" "client's wire"

# 6. The way back.
smol ip client route add 10.1.2.0/24 via 10.1.1.3
run smol ping server 10.1.1.2 -c 2 -i 0.2
assert_equal 0 "$code" "ping with both routes"
assert_contains "$output" "^64 bytes from 10.1.1.2: icmp_seq=1 ttl=63 " "one hop further"
assert_contains "$output" "^64 bytes from 10.1.1.2: icmp_seq=2 ttl=63 " "one hop further"

# 7. This kernel through the router, both ways.
ip route add 10.1.2.0/24 via 10.1.1.3
run ping -c 2 -i 0.2 10.1.2.2
assert_contains "$output" "2 received, 0% packet loss" "the kernel through the router"
assert_contains "$output" "ttl=63" "the kernel through the router"
run smol ping server 10.1.1.1 -c 1
assert_contains "$output" "^64 bytes from 10.1.1.1: icmp_seq=1 ttl=63 " "server to the kernel"

# 8. Forwarding off is silent, and on again goes on.
smol sysctl router net.ipv4.ip_forward=0 >/dev/null
assert_equal "net.ipv4.ip_forward = 0" "$(smol sysctl router net.ipv4.ip_forward)" "forwarding off"
capture "$work/off" tap-router1 icmp
run ping -c 2 -i 0.2 -W 0.5 10.1.2.2
assert_equal 1 "$code" "ping while forwarding is off"
end_capture "$work/off"
assert_lacks "$output" "10.1.1.3 >|reply|unreachable" "the router's wire while forwarding is off"
assert_contains "$(smol stats router)" "forwarding_off" "the reason"
smol sysctl router net.ipv4.ip_forward=1 >/dev/null
run ping -c 1 10.1.2.2
assert_contains "$output" "ttl=63" "forwarding on again"

# 2, once more: asked by unicast, answered, and about five seconds after the first use.
rechecked() { # WIRE FROM-MAC TO-MAC ASKER ASKED
  captured "$work/$1" "$2 > $3.*Request who-has $5( \($3\))? tell $4, length 28" &&
    captured "$work/$1" "$3 > $2.*Reply $5 is-at $3, length 28"
}
seconds_until_recheck() { # WIRE FROM-MAC TO-MAC
  awk -v from="$2" -v to="$3," '$2 == from && $4 == to && /ICMP/ && !used { used = $1 }
    $2 == from && $4 == to && /Request/ { printf "%d", $1 - used + 0.5; exit }' "$work/$1"
}
kernel=$(ip -j link show one | jq -r '.[0].address')
check_recheck() {
  wait_for 8 rechecked "$@"
  between=$(seconds_until_recheck "$1" "$2" "$3")
  ((between >= 4 && between <= 7)) || die "$4 re-checked $5 after $between seconds"
}
check_recheck wire2 02:42:0a:01:02:02 02:42:0a:01:02:03 10.1.2.2 10.1.2.3
check_recheck wire1 02:42:0a:01:01:03 "$kernel" 10.1.1.3 10.1.1.1
check_recheck wire1 "$kernel" 02:42:0a:01:01:02 10.1.1.1 10.1.1.2
