# Sourced after support.sh by the tests in which stock tools ask us and the Linux kernel the same.
#
# Two worlds with the same addresses and link addresses; in each of them the tools run at 10.1.1.1:
#
#   tools 10.1.1.1 ──┬── 10.1.1.2 node
#                    └── 10.1.1.3 router 10.1.2.3 ── mtu 1280 ── 10.1.2.2 far
#
# In `ours` node, router and far are processes of smolstack, in `linux` namespaces of this kernel.
#
#   worlds                         builds both, and waits until all answer
#   in_ours COMMAND...             runs it at 10.1.1.1 of that world          in_linux likewise
#   both COMMAND...                in both at the same time; what was said lands in $output and
#                                  $linux_output, the exit codes in $code and $linux_code
#   alike REGEX COMMAND...         both must say the same but for times, end with the same code, and
#                                  what they say must be like that
#   everywhere REGEX COMMAND...    alike for each machine: its address is the last word; all at once
#   all_alive AFTER                every machine of ours is the process it was, and answers

. "$(dirname "$0")/alike_support.sh"

targets=(10.1.1.2 10.1.1.3 10.1.2.3 10.1.2.2)

# Where root is the only user there is, tools cannot become another.
as_user=()
! has_one_user || as_user=("$(dirname "$0")/../../scripts/one-user")

new_namespace() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  nsenter --net="/run/netns/$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
    net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
}

inside() {
  local namespace=$1
  shift
  nsenter --net="/run/netns/$namespace" "$@"
}

# wires NAMESPACE: the networks one and two, and the tools' address
wires() {
  local network
  for network in one two; do
    ip -n "$1" link add "$network" type bridge forward_delay 0
    ip -n "$1" link set "$network" up
  done
  ip -n "$1" addr add 10.1.1.1/24 dev one
  ip -n "$1" route add 10.1.2.0/24 via 10.1.1.3
}

# kernel_machine NAME [DEVICE NETWORK ADDRESS MAC MTU]...
kernel_machine() {
  local name=$1
  shift
  new_namespace "linux-$name"
  inside "linux-$name" sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_echo_ignore_broadcasts=0 \
    net.ipv4.conf.all.arp_ignore=1
  while (($#)); do
    ip -n linux link add "$name-$1" mtu "$5" type veth peer name "$1" netns "linux-$name" \
      address "$4" mtu "$5"
    ip -n linux link set "$name-$1" master "$2" up
    ip -n "linux-$name" addr add "$3/24" brd + dev "$1"
    ip -n "linux-$name" link set "$1" up
    shift 5
  done
}

in_ours() { inside ours "$@"; }
in_linux() { inside linux "$@"; }

worlds() {
  local address tap
  new_namespace ours
  wires ours
  start_node node node --tap tap-node --ifname eth0 --ip 10.1.1.2/24 --gateway 10.1.1.3 --netns ours
  start_node router router --tap tap-r1 --ifname eth0 --ip 10.1.1.3/24 --netns ours \
    --tap tap-r2 --ifname eth1 --ip 10.1.2.3/24 --mtu 1280 --netns ours
  start_node far node --tap tap-far --ifname eth0 --ip 10.1.2.2/24 --mtu 1280 --gateway 10.1.2.3 --netns ours
  for tap in node:one r1:one r2:two far:two; do
    ip -n ours link set "tap-${tap%:*}" master "${tap#*:}" up
  done
  for tap in node router far; do
    smol sysctl "$tap" net.ipv4.icmp_echo_ignore_broadcasts=0 >/dev/null
  done

  new_namespace linux
  wires linux
  kernel_machine node eth0 one 10.1.1.2 02:42:0a:01:01:02 1500
  kernel_machine router eth0 one 10.1.1.3 02:42:0a:01:01:03 1500 eth1 two 10.1.2.3 02:42:0a:01:02:03 1280
  kernel_machine far eth0 two 10.1.2.2 02:42:0a:01:02:02 1280
  inside linux-router sysctl -qw net.ipv4.ip_forward=1
  ip -n linux-node route add default via 10.1.1.3
  ip -n linux-far route add default via 10.1.2.3

  for address in "${targets[@]}"; do
    wait_for 5 in_ours ping -c 1 -W 1 "$address"
    wait_for 5 in_linux ping -c 1 -W 1 "$address"
  done
}

# ask WORLD FILE COMMAND...: its words and its exit code land in FILE and FILE.code
ask() {
  local world=$1 file=$2 status=0
  shift 2
  inside "$world" timeout 60 "${as_user[@]}" "$@" >"$file" 2>&1 </dev/null || status=$?
  echo "$status" >"$file.code"
}

both() {
  ask ours "$work/ours" "$@" &
  local asking=$!
  ask linux "$work/linux" "$@"
  wait "$asking"
  output=$(cat "$work/ours")
  linux_output=$(cat "$work/linux")
  code=$(cat "$work/ours.code")
  linux_code=$(cat "$work/linux.code")
}

alike() {
  local regex=$1 _
  shift
  # A busy machine makes Linux lose something, too: then there is nothing to compare with.
  for _ in 1 2 3; do
    both "$@"
    [[ ! $linux_output =~ $regex ]] || break
  done
  must_be_alike "$regex" "$output" "$linux_output" "$code" "$linux_code" "$@"
  all_alive "$*"
}

ask_everywhere() {
  local target asking=()
  for target in "${targets[@]}"; do
    ask ours "$work/ours.$target" "$@" "$target" &
    asking+=($!)
    ask linux "$work/linux.$target" "$@" "$target" &
    asking+=($!)
  done
  wait "${asking[@]}"
}

linux_everywhere_like() {
  local target
  for target in "${targets[@]}"; do [[ $(cat "$work/linux.$target") =~ $1 ]] || return 1; done
}

everywhere() {
  local regex=$1 target _
  shift
  for _ in 1 2 3; do
    ask_everywhere "$@"
    ! linux_everywhere_like "$regex" || break
  done
  for target in "${targets[@]}"; do
    must_be_alike "$regex" "$(cat "$work/ours.$target")" "$(cat "$work/linux.$target")" \
      "$(cat "$work/ours.$target.code")" "$(cat "$work/linux.$target.code")" "$@" "$target"
  done
  all_alive "$*"
}

answers() { in_ours ping -n -q -c 1 -W "${2:-2}" "$1"; }

all_alive() {
  local name target
  for name in node router far; do
    kill -0 "${node_pid[$name]}" 2>/dev/null || die "after '$1' $name has ended"
  done
  for target in "${targets[@]}"; do
    answers "$target" >/dev/null || die "after '$1' $target does not answer"
  done
}

# That all_alive can fail: a machine that is there, but hangs.
notices_the_dead() {
  kill -STOP "${node_pid[far]}"
  ! answers 10.1.2.2 0.3 >/dev/null || die "10.1.2.2 answers without its process"
  kill -CONT "${node_pid[far]}"
  wait_for 5 answers 10.1.2.2 1
}
