# Every operation on routes, beside the real ip on a kernel with the same addresses: the same
# output, errors and exit codes; and pings that obey each change at once.
. "$(dirname "$0")/support.sh"

start_node node node --tap tap-node --ifname eth0 --ip 10.1.1.2/24 --mac 02:42:0a:01:01:02 --host-ip 10.1.1.1/24
ip netns add twin
ip netns exec twin sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
ip -n twin link set lo up
ip -n twin link add eth0 type veth peer name far
ip -n twin link set far up
ip -n twin link set eth0 address 02:42:0a:01:01:02 up
ip -n twin addr add 10.1.1.2/24 brd + dev eth0

# both WORDS...: our ip and the real one say the same and end with the same code
both() {
  local ours ours_code=0 theirs theirs_code=0
  ours=$("$SMOLSTACK" ip node "$@" 2>&1) || ours_code=$?
  theirs=$(ip -n twin "$@" 2>&1) || theirs_code=$?
  assert_equal "$theirs" "$ours" "ip $*"
  assert_equal "$theirs_code" "$ours_code" "exit code of ip $*"
}
# As both, for complaints whose words are each program's own, or differ from kernel to kernel.
both_refuse() {
  local ours ours_code=0 theirs_code=0
  ours=$("$SMOLSTACK" ip node "$@" 2>&1) || ours_code=$?
  ip -n twin "$@" >/dev/null 2>&1 || theirs_code=$?
  assert_equal "$theirs_code" "$ours_code" "exit code of ip $*: $ours"
  [[ -n $ours ]] || die "ip $* says nothing"
}

while read -r -a words; do
  [[ ${#words[@]} == 0 ]] || both "${words[@]}"
done <<'END'
route
route add 10.1.2.0/24 via 10.1.1.1
route
route add 10.1.2.0/24 via 10.1.1.1
route add 10.1.2.0/24 via 10.1.1.9
route add 10.1.2.0/24 via 10.1.1.9 metric 50
route
route replace 10.1.2.0/24 via 10.1.1.8
route
route get 10.1.2.7
route del 10.1.2.0/24 via 10.1.1.77
route del 10.1.2.0/24
route
route del 10.1.2.0/24 metric 50
route del 10.1.2.0/24
route add 10.1.3.0/24 via 10.9.9.9
route add default via 10.1.1.1
route add default via 10.1.1.3 metric 100
route
r
route show default
route show 10.1.1.0/24
route add blackhole 10.3.0.0/16
route add unreachable 10.4.0.0/16
route add prohibit 10.5.0.0/16
route add blackhole 10.3.0.0/16
route
route get 10.4.1.1
route get 10.5.1.1
route del blackhole 10.3.0.0/16
route del 10.4.0.0/16
route replace blackhole 10.5.0.0/16
route
route del 10.5.0.0/16
route add 10.6.0.1 dev eth0
route add 10.6.0.2/32 via 10.1.1.4 dev eth0 src 10.1.1.2
route add 10.6.0.3/32 via 10.1.1.4 src 10.7.7.7
route add 10.8.0.0/16 dev eth0 scope link
route add 10.8.1.0/24 via 10.1.1.4 proto static
route
route show dev eth0
route show via 10.1.1.4
route show proto static
route change 10.8.1.0/24 via 10.1.1.5
route change 10.99.0.0/24 via 10.1.1.5
route append 10.8.1.0/24 via 10.1.1.6
route
route add 10.2.0.1/16 via 10.1.1.1
route add 0.0.0.0/0 via 10.1.1.1
route get 10.1.1.2
route get 10.1.1.9
route flush 10.8.1.0/24
route flush proto static
route
route add 10.11.0.0/16 proto static metric 5 nexthop via 10.1.1.3 dev eth0 weight 2 nexthop via 10.1.1.4
route add 10.11.0.0/16 metric 5 nexthop via 10.1.1.3 nexthop via 10.1.1.4
route append 10.11.0.0/16 metric 5 nexthop via 10.1.1.5 nexthop via 10.1.1.6
route add 10.12.0.0/16 nexthop via 10.1.1.3
route add 10.12.1.0/24 nexthop via 10.1.1.3 nexthop via 172.16.0.1
route add 10.12.1.0/24 via 10.1.1.3 nexthop via 10.1.1.4 nexthop via 10.1.1.5
route add blackhole 10.12.1.0/24 nexthop via 10.1.1.3
route add 10.12.1.0/24 nexthop via 10.1.1.3 metric 5
route add 10.12.1.0/24 nexthop via 10.1.1.3 weight 257
route add 10.12.1.0/24 nexthop
route
-j route
-o route
route show via 10.1.1.3
route show dev eth0
route replace 10.11.0.0/16 metric 5 nexthop via 10.1.1.7 nexthop dev eth0 weight 256
route del 10.11.0.0/16 via 10.1.1.6
route del 10.11.0.0/16 metric 5 nexthop via 10.1.1.5 nexthop via 10.1.1.6
route
route del 10.11.0.0/16
route del 10.12.0.0/16
addr add 10.1.1.33/24 brd + dev eth0
addr add 10.7.0.1/16 brd + dev eth0
addr show dev lo
route
addr del 10.7.0.1/16 dev eth0
route
link set nothing up
addr add 10.7.0.1/16 dev nothing
route add 10.7.0.0/16 dev nothing
neigh add 10.1.1.70 lladdr 02:00:00:00:00:70 dev eth0
neigh add 10.1.1.70 lladdr 02:00:00:00:00:70 dev eth0
neigh show
neigh replace 10.1.1.70 lladdr 02:00:00:00:00:71 nud permanent dev eth0
neigh show 10.1.1.70
neigh del 10.1.1.70 dev eth0
neigh del 10.1.1.71 dev eth0
END

while read -r -a words; do
  [[ ${#words[@]} == 0 ]] || both_refuse "${words[@]}"
done <<'END'
rout-e
route addd 10.1.2.0/24
route add 10.1.2.0/33 via 10.1.1.1
route add 10.1.2.0/24 via
route add 10.1.2.0/24 via 10.1.1.256
route add 10.1.2.0/24
addr add 10.1.1.2/24 dev eth0
addr del 10.7.0.1/16 dev eth0
addr add 10.1.1.300/24 dev eth0
addr add 10.1.1.3/24
neigh add 10.1.1.71 dev eth0 lladdr 02:42
link set eth0 mtu many
link set eth0 sideways
END

# JSON has the same keys and values.
same_json() {
  local filter=$1
  shift
  assert_equal "$(ip -n twin -j "$@" | jq -cS "$filter")" "$(smol ip node -j "$@" | jq -cS "$filter")" "ip -j $*"
}
same_json . route
same_json '[.[] | {ifname, mtu, flags: (.flags | sort), operstate, link_type, address, broadcast, addr_info}]' addr show dev eth0
same_json '[.[] | {ifname, mtu, link_type, address, broadcast}]' link show dev eth0

# While pings flow: each change counts for the next packet.
stop_node node
start_node node node --tap tap-node --ifname eth0 --ip 10.1.1.2/24 --host-ip 10.1.1.1/24 --gateway 10.1.1.1
peer=10.20.0.1
ip addr add "$peer/32" dev lo
wait_for 3 ping -c 1 -W 0.3 10.1.1.2
ping -i 0.01 10.1.1.2 >"$work/ping" 2>&1 &
pinging=$!
reaches() { # CODE REGEX: what a ping of the peer ends with and says
  run smol ping node "$peer" -c 1 -W 1
  assert_equal "$1" "$code" "ping after: $(smol ip node route)"
  assert_contains "$output" "$2" "ping after: $(smol ip node route)"
}
reaches 0 "1 received, 0% packet loss"
smol ip node route del default
reaches 2 "^ping: connect: Network is unreachable$"
smol ip node route add 10.20.0.0/16 via 10.1.1.1
reaches 0 "1 received"
smol ip node route add blackhole 10.20.0.0/24
reaches 2 "^ping: connect: Invalid argument$"
smol ip node route replace unreachable 10.20.0.0/24
reaches 2 "^ping: connect: No route to host$"
smol ip node route replace prohibit 10.20.0.0/24
reaches 2 "^ping: (connect: Permission denied|Do you want to ping broadcast.*)"
smol ip node route replace 10.20.0.0/24 via 10.1.1.1
reaches 0 "1 received"
smol ip node route add 10.20.0.0/24 via 10.1.1.99 metric 10
reaches 0 "1 received"
smol ip node route del 10.20.0.0/24 via 10.1.1.1
reaches 1 "0 received"
smol ip node route del 10.20.0.0/24
reaches 0 "1 received"
kill -INT "$pinging"
wait "$pinging" || true
assert_contains "$(tail -n 3 "$work/ping")" " 0% packet loss" "pings during the changes"
