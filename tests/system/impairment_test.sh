# A bad wire that is set and cleared while the machine runs, seen by this kernel's ping.
. "$(dirname "$0")/support.sh"

start_node node node --tap tap-node --ifname eth0 --ip 10.1.1.2/24 --host-ip 10.1.1.1/24
wait_for 5 ping -c 1 -W 1 10.1.1.2

# The fastest reply of $output, in microseconds.
fastest() { sed -nE 's#^rtt min/avg/max/mdev = ([0-9]+)\.([0-9]{3})/.*#\1\2#p' <<<"$output"; }

# Every reply is late; none is early.
run smol impair node:eth0 --delay 20ms
assert_equal 0 "$code" "impair: $output"
assert_contains "$output" "^node:eth0 +out .* delay 20ms$" "what it set"
run ping -c 5 -i 0.05 -W 2 10.1.1.2
assert_contains "$output" " 5 received" "late replies"
((10#$(fastest) >= 20000)) || die "a reply came within 20 ms: $output"

# Both ways: the delays add up.
run smol impair node:eth0 --delay 20ms --direction both
run ping -c 3 -i 0.05 -W 2 10.1.1.2
assert_contains "$output" " 3 received" "late requests and replies"
((10#$(fastest) >= 40000)) || die "a reply came within 40 ms: $output"

# All lost, for a reason that has a name.
run smol impair node --clear
run smol impair node:eth0 --loss 100%
run ping -c 3 -i 0.05 -W 0.2 10.1.1.2
assert_equal 1 "$code" "exit code of a ping without replies"
assert_contains "$output" " 0 received" "replies on a wire that loses all"
assert_contains "$(smol stats node)" "dropped +[0-9]+ +impaired_loss " "the reason"
run smol impair node --json
assert_contains "$output" '"direction":"out","impairment":"loss 100%".*"lost":[1-9]' "its counters"

# Healed.
run smol impair node:eth0 --clear
assert_contains "$output" "^node:eth0 +out .* off$" "what it cleared"
run ping -c 3 -i 0.05 -W 2 10.1.1.2
assert_contains "$output" " 3 received" "replies on a good wire"

# Wrong words change nothing, and say what would be right.
refused() {
  local regex=$1
  shift
  run smol impair "$@"
  assert_equal 2 "$code" "exit code of impair $*: $output"
  assert_equal 1 "$(wc -l <<<"$output")" "lines that impair $* says: $output"
  assert_contains "$output" "$regex" "impair $*"
}
refused "the machine comes first"
refused "nobody" nobody:eth0 --delay 5ms
refused "no interface .eth9.; it has eth0" node:eth9 --delay 5ms
refused "write 5us, 5ms or 5s" node:eth0 --delay 5
refused "10mbit" node:eth0 --rate 10mbps
assert_lacks "$(smol impair node)" "delay|rate" "what wrong words have set"
stop_node node

# From the start, by a flag.
start_node late node --tap tap-late --ip 10.1.2.2/24 --host-ip 10.1.2.1/24 --impair "delay 20ms"
run ping -c 2 -i 0.05 -W 2 10.1.2.2
assert_contains "$output" " 2 received" "late replies from the start"
((10#$(fastest) >= 20000)) || die "a reply came within 20 ms: $output"
stop_node late
