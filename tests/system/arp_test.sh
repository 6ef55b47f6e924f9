# ARP with the kernel at the other end: arping, unanswered questions, neighbours that change, and
# an address that two machines use.
. "$(dirname "$0")/support.sh"

network one
ip addr add 10.1.1.1/24 dev one
# Duplicates live in a namespace of their own: a kernel answers for all that it has.
ip netns add other
ip link add to-other type veth peer name eth0 netns other
plug_in to-other one
ip -n other link set eth0 address 02:00:00:00:00:99 up
capture "$work/wire" one -e arp or icmp
start_node node node --tap tap-node --ifname eth0 --ip 10.1.1.2/24
start_node router router --tap tap-r1 --ifname eth1 --ip 10.1.1.3/24 --tap tap-r2 --ifname eth0 --ip 10.1.2.3/24
plug_in tap-node one
plug_in tap-r1 one
ip link set tap-r2 up

# Nobody is there: these end after the three seconds that it takes to be sure.
ip route add 10.1.2.0/24 via 10.1.1.3
wait_for 5 ping -c 1 -W 1 10.1.1.3
smol ping node 10.1.1.77 -c 3 -i 0.01 -W 5 >"$work/nobody" 2>&1 &
nobody=$!
ping -c 1 -W 5 10.1.2.99 >"$work/behind" 2>&1 &
behind=$!

# arping, in either make; nobody answers for an address that is on another interface.
arping_device=-I
! arping --help 2>&1 | grep -q Habets || arping_device=-i
wait_for 5 arping "$arping_device" one -c 1 10.1.1.2
for pair in 10.1.1.2=02:42:0a:01:01:02 10.1.1.3=02:42:0a:01:01:03; do
  run arping "$arping_device" one -c 1 "${pair%=*}"
  assert_equal 0 "$code" "arping ${pair%=*}"
  assert_contains "${output,,}" "${pair#*=}" "arping ${pair%=*}"
done
run arping "$arping_device" one -c 1 10.1.2.3
assert_equal 1 "$code" "arping of the router's other interface"

# Nobody there: three questions a second apart, then every ping that waits learns it.
code=0 && wait "$nobody" || code=$?
output=$(cat "$work/nobody")
assert_equal 1 "$code" "ping of nobody"
for number in 1 2 3; do
  assert_contains "$output" "^From 10.1.1.2 icmp_seq=$number Destination Host Unreachable" "ping of nobody"
done
assert_contains "$output" "^3 packets transmitted, 0 received, \+3 errors, 100% packet loss" "ping of nobody"
assert_contains "$(smol ip node neigh)" "^10.1.1.77 dev eth0 .*FAILED" "what is known of nobody"
asked=$(grep -c 'Request who-has 10.1.1.77 .*tell 10.1.1.2' "$work/wire")
assert_equal 3 "$asked" "questions for 10.1.1.77"
grep 'who-has 10.1.1.77' "$work/wire" | awk -F'[: ]' '{ now = $1 * 3600 + $2 * 60 + $3
  if (NR > 1 && (now - last < 0.9 || now - last > 1.9) && now > last) exit 1; last = now }' ||
  die "the questions are not a second apart: $(grep 'who-has 10.1.1.77' "$work/wire")"

# The router's neighbour is silent too: it tells the sender.
code=0 && wait "$behind" || code=$?
output=$(cat "$work/behind")
assert_equal 1 "$code" "ping of nobody behind the router"
assert_contains "$output" "^From 10.1.1.3 icmp_seq=1 Destination Host Unreachable" "by the router"

# A neighbour gets another MAC: its gratuitous ARP is enough (RFC 826, update of what is known).
ip -n other addr add 10.1.1.50/24 dev eth0
run smol ping node 10.1.1.50 -c 1
assert_equal 0 "$code" "ping of 10.1.1.50"
assert_contains "$(smol ip node neigh show 10.1.1.50)" "lladdr 02:00:00:00:00:99 REACHABLE" "first MAC"
ip netns exec other sysctl -qw net.ipv4.conf.eth0.arp_notify=1
# With arp_notify the kernel announces all its addresses whenever its MAC changes.
announce() { ip -n other link set eth0 address 02:00:00:00:00:97 && ip -n other link set eth0 address 02:00:00:00:00:98; }
moved() { announce && smol ip node neigh show 10.1.1.50 | grep -q 02:00:00:00:00:98; }
wait_for 5 moved
run smol ping node 10.1.1.50 -c 1
assert_equal 0 "$code" "ping of 10.1.1.50 with its new MAC"

# Gratuitous ARP of a stranger makes no entry.
ip -n other addr add 10.1.1.60/24 dev eth0
announce
wait_for 5 captured "$work/wire" "who-has 10.1.1.60 .*tell 10.1.1.60|Reply 10.1.1.60"
run smol ping node 10.1.1.1 -c 1
assert_lacks "$(smol ip node neigh)" "10.1.1.60" "neighbours after a stranger's announcement"

# An address that comes up is announced (RFC 5227 §2.3) and answers at once.
smol ip node addr add 10.1.1.42/24 dev eth0
wait_for 2 captured "$work/wire" "02:42:0a:01:01:02 > ff:ff:ff:ff:ff:ff.*who-has 10.1.1.42 .*tell 10.1.1.42"
run ping -c 1 -W 2 10.1.1.42
assert_equal 0 "$code" "ping of the new address"

# Somebody else has our address: it is said in the log and by ip, and we go on.
ip -n other addr add 10.1.1.2/24 dev eth0
duplicate() { announce && smol ip node addr show dev eth0 | grep -q 'inet 10.1.1.2/24 .*duplicate'; }
wait_for 5 duplicate
assert_contains "$(cat "$work/node.log")" \
  "warning node: eth0: 10.1.1.2 is used by 02:00:00:00:00:9[78] too" "the conflict in the log"
assert_equal 1 "$(grep -c 'is used by' "$work/node.log")" "lines of the log about it"
assert_lacks "$(smol ip node neigh)" "^10.1.1.2 " "neighbours, while an impostor speaks"
