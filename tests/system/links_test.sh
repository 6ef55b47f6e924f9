# Links that go and come: the kernel's end set down, a TAP deleted under traffic, our own link set,
# killed processes, and signals.
. "$(dirname "$0")/support.sh"

network one
network two
ip addr add 10.1.1.1/24 dev one
ip addr add 10.1.2.1/24 dev two
router=(router --tap tap-a --ifname eth0 --ip 10.1.1.3/24 --tap tap-b --ifname eth1 --ip 10.1.2.3/24
  --route "10.5.0.0/16 via 10.1.2.1" --route "10.6.0.0/16 via 10.1.1.1")
start_node router "${router[@]}"
plug_in tap-a one
plug_in tap-b two
answers() { ping -c 1 -W 0.3 "$1"; }
wait_for 3 answers 10.1.1.3
wait_for 3 answers 10.1.2.3
microseconds() { echo "${EPOCHREALTIME/./}"; }

# The kernel's end is set down and up under a running ping: it goes on within a second or so.
ping -i 0.02 10.1.1.3 >"$work/ping" 2>&1 &
pinging=$!
wait_for 5 captured "$work/ping" "bytes from" 10
ip link set tap-a down
wait_for 3 grep -q "warning router: eth0: the kernel's end of the device is down" "$work/router.log"
answered=$(grep -c "bytes from" "$work/ping")
ip link set tap-a up
began=$(microseconds)
wait_for 3 captured "$work/ping" "bytes from" $((answered + 1))
took=$((($(microseconds) - began) / 1000))
((took < 2000)) || die "$took ms from up to the next answer"
kill -INT "$pinging"
wait "$pinging" || true
wait_for 3 grep -q "info router: eth0: the kernel's end of the device is up again" "$work/router.log"

# A TAP is deleted under traffic on both: the other one loses nothing, and the router does not spin.
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/${node_pid[router]}/stat"; }
ping -i 0.01 -c 300 10.1.1.3 >"$work/other" 2>&1 &
other=$!
ping -i 0.01 -c 300 10.1.2.3 >/dev/null 2>&1 &
lost=$!
wait_for 5 captured "$work/other" "bytes from" 20
ticks=$(cpu_ticks)
ip link del tap-b
wait_for 3 grep -q "warning router: eth1: the device is gone" "$work/router.log"
answered=$(grep -c "bytes from" "$work/other")
wait_for 5 captured "$work/other" "bytes from" $((answered + 50))
ip tuntap add dev tap-b mode tap
wait_for 5 grep -q "info router: eth1: the device is back" "$work/router.log"
plug_in tap-b two
wait_for 3 answers 10.1.2.3
code=0
wait "$other" || code=$?
assert_contains "$(tail -n 3 "$work/other")" "300 received, 0% packet loss" "the other interface"
wait "$lost" || true
used=$(($(cpu_ticks) - ticks))
((used < 50)) || die "$used ticks of processor time while a device was gone"
lines=$(wc -l <"$work/router.log")
((lines < 20)) || die "$lines lines in the log: $(cat "$work/router.log")"

# Our own end: down takes the connected route and those through it, up brings back the connected.
both="10.1.1.0/24 dev eth0 proto kernel scope link src 10.1.1.3 
10.1.2.0/24 dev eth1 proto kernel scope link src 10.1.2.3 
10.5.0.0/16 via 10.1.2.1 dev eth1 
10.6.0.0/16 via 10.1.1.1 dev eth0 "
assert_equal "$both" "$(smol ip router route)" "routes before"
smol ip router link set eth1 down
assert_equal "10.1.1.0/24 dev eth0 proto kernel scope link src 10.1.1.3 
10.6.0.0/16 via 10.1.1.1 dev eth0 " "$(smol ip router route)" "routes while eth1 is down"
assert_contains "$(smol ip router link show eth1)" "eth1: <BROADCAST,MULTICAST> .*state DOWN" "the link"
run ping -c 1 -W 0.3 10.1.2.3
assert_equal 1 "$code" "ping on the wire of an interface that is down"
smol ip router link set eth1 up
assert_equal "10.1.1.0/24 dev eth0 proto kernel scope link src 10.1.1.3 
10.1.2.0/24 dev eth1 proto kernel scope link src 10.1.2.3 
10.6.0.0/16 via 10.1.1.1 dev eth0 " "$(smol ip router route)" "routes after up"
wait_for 3 answers 10.1.2.3

# A second process on the same name or the same TAP is refused, and told by whom.
pid=${node_pid[router]}
run smol node --name router --tap tap-z --ip 10.1.1.9/24
assert_equal 2 "$code" "a second machine of that name"
assert_contains "$output" "router.*process $pid" "a second machine of that name"
assert_equal 1 "$(wc -l <<<"$output")" "lines about it"
run smol node --name thief --tap tap-a --ip 10.1.1.9/24
assert_equal 2 "$code" "a second process on that TAP"
assert_contains "$(tail -n 1 <<<"$output")" "tap-a.*pid $pid" "a second process on that TAP"

# Killed, and started again with the same command: at once.
[[ -S $work/run/router.sock ]] || die "no socket at $work/run/router.sock"
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
began=$(microseconds)
start_node router "${router[@]}"
plug_in tap-a one
wait_for 2 answers 10.1.1.3
took=$((($(microseconds) - began) / 1000))
((took < 3000)) || die "$took ms from the start to the first answer"

# SIGTERM under traffic: exit 0 within two seconds, with nothing left.
ping -f -c 100000 10.1.1.3 >/dev/null 2>&1 &
flood=$!
started() { (($(smol stats router -j | jq '[.. | .rx?.packets? // empty] | add') > 1000)); }
wait_for 5 started
stop_node router
[[ ! -e $work/run/router.sock ]] || die "the socket is still there"
run ip link show tap-a
assert_equal 1 "$code" "the TAP after SIGTERM: $output"
kill -INT "$flood"
wait "$flood" || true

# SIGINT is as good.
start_node router "${router[@]}"
kill -INT "${node_pid[router]}"
code=0
wait "${node_pid[router]}" || code=$?
assert_equal 0 "$code" "exit code after SIGINT"
unset 'node_pid[router]'
