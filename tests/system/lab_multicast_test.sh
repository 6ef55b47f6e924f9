# Groups on the machines of a lab: programs join by kernel sockets, an administrator by `ip maddr`, on either kind of machine.
. "$(dirname "$0")/lab_support.sh"
type -P python3 >/dev/null || lacking python3
type -P tcpdump >/dev/null || lacking tcpdump

mkdir -p "$work/groups"
cat >"$work/groups/lab.yaml" <<'END'
name: groups
networks: { net: { subnet: 10.7.0.0/24 } }
nodes:
  ann: { networks: { net: 10.7.0.1 } }
  ben: { networks: { net: 10.7.0.2 } }
  kim: { networks: { net: 10.7.0.3 }, stack: kernel }
END
run smol up "$work/groups"
assert_equal 0 "$code" "up: $output"

# member NODE ADDRESS GROUP: a program that has joined the group, and prints what it hears
member() {
  smol exec "$1" -- python3 -uc '
import socket, sys
own, group = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(own))
print("joined")
while True: print(s.recv(2048).decode())' "$2" "$3" >"$work/$1.member" 2>&1 </dev/null &
  wait_for 5 grep -q joined "$work/$1.member"
}
# says NODE ADDRESS GROUP TEXT
says() {
  smol exec "$1" -- python3 -c '
import socket, sys
own, group, text = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
s.sendto(text.encode(), (group, 5000))' "$2" "$3" "$4"
}

# --- Programs --------------------------------------------------------------------------------------

capture kim "$work/seen" -i eth0 igmp or udp port 5000
member ann 10.7.0.1 239.1.2.3
wait_for 5 captured "$work/seen" '10.7.0.1 > 224.0.0.22: igmp v3 report' 2
says ben 10.7.0.2 239.1.2.3 from-ben
says kim 10.7.0.3 239.1.2.3 from-kim
wait_for 5 grep -q from-ben "$work/ann.member"
wait_for 5 grep -q from-kim "$work/ann.member"
wait_for 5 captured "$work/seen" '10.7.0.2.[0-9]+ > 239.1.2.3.5000'

# --- An administrator ------------------------------------------------------------------------------

for node in ann kim; do
  run smol ip "$node" maddr add 239.5.5.5 dev eth0
  assert_equal "0 " "$code $output" "maddr add on $node"
  run smol ip "$node" maddr show dev eth0
  assert_contains "$output" 'inet  239.5.5.5' "maddr on $node"
done
run smol ip ann maddr
assert_contains "$output" 'inet  239.1.2.3' "what a program has joined"
wait_for 5 captured "$work/seen" '10.7.0.1 > 224.0.0.22: igmp v3 report' 4
wait_for 5 captured "$work/seen" '10.7.0.3 > 224.0.0.22: igmp v3 report' 2
run smol ip ann addr
assert_lacks "$output" '239.5.5.5' "a group is no address of the machine"
run smol ip ann maddr del 239.5.5.5 dev eth0
assert_equal "0 " "$code $output" "maddr del"
wait_for 5 captured "$work/seen" '10.7.0.1 > 224.0.0.22: igmp v3 report' 6
run smol ip ann maddr add nonsense dev eth0
assert_equal '1 Error: inet address is expected rather than "nonsense".' "$code $output" "no group"

# What is no group must not reach the kernel as an address to take away.
run smol exec ann -- ip addr add 10.7.9.9/32 dev eth0
run smol ip ann maddr del 10.7.9.9 dev eth0
assert_equal '1 Error: multicast group is expected rather than "10.7.9.9".' "$code $output" "an address is no group"
run smol exec ann -- ip addr show dev eth0
assert_contains "$output" '10.7.9.9/32' "the address that is no group"

# --- Each report once ------------------------------------------------------------------------------

end_capture "$work/seen"
assert_equal 6 "$(grep -c '10.7.0.1 > 224.0.0.22' <<<"$output")" "reports of ann: two for each of three changes"
run smol stats ann -j
assert_equal 0 "$(jq .stack.igmp_reports_sent <<<"$output")" "reports of our own, beside a kernel"
run smol ip ann owners
assert_contains "$output" '^IGMP +kernel' "owners"
run smol down groups
assert_equal 0 "$code" "down: $output"
