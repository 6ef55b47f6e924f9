# The kernel's ping in every size, to a node and through a router; a flood; and an MTU that shrinks
# on the way.
. "$(dirname "$0")/support.sh"

smol_internet
smol ip client route add default via 10.1.1.3
smol ip server route add default via 10.1.2.3
ip route add 10.1.2.0/24 via 10.1.1.3

# 1472 bytes and 28 of headers fill an MTU of 1500; 65507 fill the largest datagram.
for size in 0 1 7 8 56 1471 1472 1473 1480 2000 8192 65507; do
  for destination in 10.1.1.2 10.1.1.3 10.1.2.2; do
    run ping -c 1 -W 2 -s "$size" "$destination"
    assert_equal 0 "$code" "exit code of ping -s $size $destination: $output"
    assert_contains "$output" "^1 packets transmitted, 1 received, 0% packet loss" "-s $size $destination"
    assert_contains "$output" "^$((size + 8)) bytes from $destination: icmp_seq=1 ttl=6[34]" "size"
    assert_lacks "$output" "wrong data|truncated|DUP" "contents of $size bytes from $destination"
  done
done
for size in 0 1 7 1472 1473 65507; do
  run smol ping server 10.1.1.1 -c 1 -s "$size"
  assert_contains "$output" "^$((size + 8)) bytes from 10.1.1.1: icmp_seq=1 ttl=63" "from server, $size"
done

# Nothing is lost in a flood.
run ping -f -q -c 20000 10.1.2.2
assert_contains "$output" "^20000 packets transmitted, 20000 received, 0% packet loss" "flood"

# What may not be fragmented and does not fit is refused at home.
run ping -M do -c 1 -s 1472 10.1.2.2
assert_equal 0 "$code" "the largest that needs no fragments"
run ping -M do -c 1 -s 1473 10.1.2.2
assert_contains "$output" "message too long, mtu=1500" "one byte more, at the kernel"
run smol ping server 10.1.1.1 -M do -c 1 -s 1472
assert_equal 0 "$code" "the largest that needs no fragments, from server"
run smol ping server 10.1.1.1 -M do -c 1 -s 1473 -W 1
assert_equal 1 "$code" "exit code, one byte more, at server"
assert_contains "$output" "message too long, mtu=1500" "one byte more, at server"

# A smaller MTU behind the router: it says so, or cuts (RFC 1191 §4, RFC 791 §3.2).
smol ip router link set eth0 mtu 1280
smol ip server link set eth0 mtu 1280
run ping -M do -c 1 -s 1400 -W 2 10.1.2.2
assert_contains "$output" "From 10.1.1.3 icmp_seq=1 Frag needed and DF set \(mtu = 1280\)" "router's MTU"
run ping -M do -c 1 -s 1253 10.1.2.2
assert_contains "$output" "message too long, mtu=1280" "which the kernel believed"
run ping -M do -c 1 -s 1252 10.1.2.2
assert_equal 0 "$code" "the largest that fits 1280"
ip route flush cache
capture "$work/cut" tap-server icmp
run ping -M dont -c 1 -s 1400 10.1.2.2
assert_equal 0 "$code" "ping that the router may cut"
wait_for 2 captured "$work/cut" "10.1.1.1 > 10.1.2.2: (icmp|ip-proto-1)$"
end_capture "$work/cut"
assert_contains "$output" "10.1.1.1 > 10.1.2.2: ICMP echo request.* length 1256" "the first fragment"

command -v tracepath >/dev/null || exit 0
ip route flush cache
run tracepath -n 10.1.2.2
assert_contains "$output" "pmtu 1280" "tracepath"
assert_contains "$output" "Resume: pmtu 1280 hops 2 back 2" "tracepath"
