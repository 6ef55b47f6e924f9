# Two workers forward: all that ping_sizes_test.sh asks of a router, and the counters of both.
ROUTER_FLAGS="--workers 2"
. "$(dirname "$0")/ping_sizes_test.sh"

# What the workers carried is in the counters of the machine: the flood alone was 40,000 packets.
run smol stats router -j
forwarded=$(jq '[.. | .forwarded? // empty][0]' <<<"$output")
((forwarded >= 40000)) || die "forwarded $forwarded, with 40,000 packets of a flood"
received=$(jq '[.. | .rx?.packets? // empty] | add' <<<"$output")
((received >= forwarded)) || die "received $received, forwarded $forwarded"

# Another MTU, forwarding and a bad wire reach them while they run.
run ping -c 1 -W 2 10.1.2.2
assert_equal 0 "$code" "ping before"
smol sysctl router net.ipv4.ip_forward=0
run ping -c 1 -W 1 10.1.2.2
assert_equal 1 "$code" "ping with forwarding off"
smol sysctl router net.ipv4.ip_forward=1
smol impair router:eth0 --loss 100%
run ping -c 3 -i 0.1 -W 1 10.1.2.2
assert_contains "$output" "100% packet loss" "a wire that loses all"
smol impair router:eth0 --clear
run ping -c 1 -W 2 10.1.2.2
assert_equal 0 "$code" "ping after"
