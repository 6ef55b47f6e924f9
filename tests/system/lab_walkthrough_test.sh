# The walkthrough of the smol internet in real shells with the stock programs: every step of the
# course chapter, and what `why` says of it.
. "$(dirname "$0")/lab_support.sh"

run smol up "$labs/smol-internet"
assert_equal 0 "$code" "up: $output"
assert_contains "$output" '^smol-internet is up: 3 machines, 2 networks, ' "what up says"

# 1. The router's interfaces and routes.
shell router 'ip addr; ip route'
shape='^1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 .*
    inet 127\.0\.0\.1/8 scope host lo
.*
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 .* state UP .*
    link/ether 02:42:0a:01:02:03 brd ff:ff:ff:ff:ff:ff.*
    inet 10\.1\.2\.3/24 brd 10\.1\.2\.255 scope global eth0
.*
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 .* state UP .*
    link/ether 02:42:0a:01:01:03 brd ff:ff:ff:ff:ff:ff.*
    inet 10\.1\.1\.3/24 brd 10\.1\.1\.255 scope global eth1
.*
10\.1\.1\.0/24 dev eth1 proto kernel scope link src 10\.1\.1\.3 
10\.1\.2\.0/24 dev eth0 proto kernel scope link src 10\.1\.2\.3 $'
[[ $output =~ $shape ]] || die "ip addr and ip route on the router: $output"
shell router 'hostname; echo $HOSTNAME; cat /etc/hostname'
assert_equal $'router\nrouter\nrouter' "$output" "the router's name"

# 2. A neighbour. Each side is asked again by unicast some five seconds after it was used: the server
# remembers who asked, and checks it.
capture server "$work/server" -i eth0
shell router 'ping 10.1.2.2 -c 2'
shape='^PING 10\.1\.2\.2 \(10\.1\.2\.2\) 56\(84\) bytes of data\.
64 bytes from 10\.1\.2\.2: icmp_seq=1 ttl=64 time=[0-9.]+ ms
64 bytes from 10\.1\.2\.2: icmp_seq=2 ttl=64 time=[0-9.]+ ms

--- 10\.1\.2\.2 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time [0-9]+ms
rtt min/avg/max/mdev = [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms$'
assert_equal 0 "$code" "exit code of a ping that is answered"
[[ $output =~ $shape ]] || die "ping of a neighbour: $output"
wait_for 10 captured "$work/server" 'Request who-has 10.1.2.3 tell 10.1.2.2, length 28'
wait_for 2 captured "$work/server" 'Reply 10.1.2.3 is-at 02:42:0a:01:02:03, length 28'
end_capture "$work/server"
time='[0-9:.]+'
shape="^$time ARP, Request who-has 10\.1\.2\.2 tell 10\.1\.2\.3, length 28
$time ARP, Reply 10\.1\.2\.2 is-at 02:42:0a:01:02:02, length 28
$time IP 10\.1\.2\.3 > 10\.1\.2\.2: ICMP echo request, id [0-9]+, seq 1, length 64
$time IP 10\.1\.2\.2 > 10\.1\.2\.3: ICMP echo reply, id [0-9]+, seq 1, length 64
$time IP 10\.1\.2\.3 > 10\.1\.2\.2: ICMP echo request, id [0-9]+, seq 2, length 64
$time IP 10\.1\.2\.2 > 10\.1\.2\.3: ICMP echo reply, id [0-9]+, seq 2, length 64
$time ARP, Request who-has 10\.1\.2\.3 tell 10\.1\.2\.2, length 28
$time ARP, Reply 10\.1\.2\.3 is-at 02:42:0a:01:02:03, length 28$"
[[ $output =~ $shape ]] || die "tcpdump on the server: $output"

# 3. Network is unreachable, and nothing on the wire.
capture server "$work/silent" -i eth0
shell server 'ping 10.1.1.3'
assert_equal 2 "$code" "exit code without a route"
assert_equal "ping: connect: Network is unreachable" "$output" "ping without a route"
run smol why server 10.1.1.3
assert_equal 1 "$code" "why without a route"
assert_contains "$output" 'server has no route to 10\.1\.1\.3' "why without a route"
assert_contains "$output" 'ip route add 10\.1\.1\.0/24 via 10\.1\.2\.3' "its mend"

# 4. A route by hand. The router owns all its addresses on every interface; the far wire stays silent.
shell server 'ip route add 10.1.1.0/24 via 10.1.2.3; ip route'
assert_equal $'10.1.1.0/24 via 10.1.2.3 dev eth0 \n10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.2 ' \
  "$output" "the routes of the server"
end_capture "$work/silent"
assert_equal "" "$output" "the wire while there was no route"
capture router "$work/near" -i eth0 icmp
capture router "$work/far" -i eth1
shell server 'ping 10.1.1.3 -c 2 -i 0.2'
assert_equal 0 "$code" "ping of the router's far address"
assert_contains "$output" '^64 bytes from 10\.1\.1\.3: icmp_seq=2 ttl=64 ' "the far address"
wait_for 5 captured "$work/near" 'IP 10.1.1.3 > 10.1.2.2: ICMP echo reply' 2
end_capture "$work/near"
assert_equal 4 "$(wc -l <<<"$output")" "lines of tcpdump on eth0"
end_capture "$work/far"
assert_equal "" "$output" "tcpdump on eth1"

# 5. 100% packet loss: nobody told client the way back.
capture client "$work/client" -i eth0
shell server 'ping 10.1.1.2 -c 2 -w 2'
assert_equal 1 "$code" "exit code of a ping without an answer"
assert_contains "$output" '^2 packets transmitted, 0 received, 100% packet loss, time [0-9]+ms$' "no way back"
wait_for 5 captured "$work/client" 'seq 2, length 64'
end_capture "$work/client"
shape="^$time ARP, Request who-has 10\.1\.1\.2 tell 10\.1\.1\.3, length 28
$time ARP, Reply 10\.1\.1\.2 is-at 02:42:0a:01:01:02, length 28
$time IP 10\.1\.2\.2 > 10\.1\.1\.2: ICMP echo request, id [0-9]+, seq 1, length 64
$time IP 10\.1\.2\.2 > 10\.1\.1\.2: ICMP echo request, id [0-9]+, seq 2, length 64$"
[[ $output =~ $shape ]] || die "tcpdump on the client: $output"
run smol why server 10.1.1.2
assert_equal 1 "$code" "why without a way back"
assert_contains "$output" 'arrived at client' "why without a way back"
assert_contains "$output" 'client has no route to 10\.1\.2\.2' "why without a way back"
assert_contains "$output" 'ip route add 10\.1\.2\.0/24 via 10\.1\.1\.3' "its mend"

# 6. The way back.
shell client 'ip route add 10.1.2.0/24 via 10.1.1.3'
shell server 'ping 10.1.1.2 -c 2 -i 0.2'
assert_equal 0 "$code" "ping through the router"
assert_contains "$output" '^64 bytes from 10\.1\.1\.2: icmp_seq=2 ttl=63 ' "one hop further"
run smol why server 10.1.1.2
assert_equal 0 "$code" "why, now that all is well: $output"

# 8. Forwarding off: transit stops in silence; on: it goes on.
shell router 'cat /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/ip_forward'
assert_equal 1 "$output" "ip_forward of a router"
shell server 'ping 10.1.1.2 -c 1 -W 1'
assert_contains "$output" '^1 packets transmitted, 0 received, 100% packet loss' "forwarding off"
assert_lacks "$output" 'From' "forwarding off is silent"
run smol why server 10.1.1.2
assert_contains "$output" 'router gets it for another host and does not forward' "why, with forwarding off"
assert_contains "$output" 'ip_forward=1' "its mend"
shell router 'sysctl -w net.ipv4.ip_forward=1'
shell server 'ping 10.1.1.2 -c 1 -W 1'
assert_equal 0 "$code" "forwarding on again"

# 7. The same, automatic: a start-up script, and restart.
cat >"$labs/smol-internet/start-up.sh" <<'SCRIPT'
case $HOSTNAME in
  (client) ip route add 10.1.2.0/24 via 10.1.1.3 ;;
  (server) ip route add 10.1.1.0/24 via 10.1.2.3 ;;
esac
SCRIPT
run smol restart
assert_equal 0 "$code" "restart: $output"
shell server 'ping 10.1.1.2 -c 2 -i 0.2'
assert_equal 0 "$code" "ping after the restart"
assert_contains "$output" '^64 bytes from 10\.1\.1\.2: icmp_seq=2 ttl=63 ' "one hop further, by the script"

smol down -q
assert_nothing_left
