# Sourced as the first thing by every system test:   . "$(dirname "$0")/support.sh"
#
# The test then runs as root in a network, mount and process namespace of its own: nothing outside
# sees its devices, and all that it started ends with it. `ip netns add` works (on a private /run).
# ctest gives $SMOLSTACK, the program under test. What a test needs and the machine lacks makes it
# skipped (exit 77), or failed where SMOL_REQUIRE_DEVICES=1.
#
#   lacking WHAT                          skip, or fail, for want of something
#   die WORDS...                          fail
#   assert_equal WANTED GOT WHAT          assert_contains TEXT REGEX WHAT     assert_lacks likewise
#   wait_for SECONDS COMMAND...           until the command succeeds; fails after the deadline
#   start_node NAME VERB ARGUMENTS...     runs `smolstack VERB --name NAME ...`, waits until it answers
#   stop_node NAME                        SIGTERM; must exit 0 within two seconds
#   smol WORDS...                         smolstack WORDS...
#   run COMMAND...                        what it says lands in $output, its exit code in $code
#   network NAME / plug_in TAP NETWORK    a bridge, and a device on it
#   capture FILE INTERFACE FILTER...      the real tcpdump, listening when this returns
#   end_capture FILE                      what it saw lands in $output
#   smol_internet                         client 10.1.1.2, router 10.1.1.3 and 10.1.2.3, server 10.1.2.2
#                                         on networks one and two; this kernel is 10.1.1.1 on one
#   $node_pid[NAME]  $work/NAME.log       its process, and what it said
#   $work                                 a directory that vanishes
set -euo pipefail

lacking() {
  if [[ ${SMOL_REQUIRE_DEVICES:-} == 1 ]]; then
    echo "FAILED: $1 is missing, and SMOL_REQUIRE_DEVICES=1" >&2
    exit 1
  fi
  echo "SKIPPED: $1 is missing" >&2
  exit 77
}

# Root needs no user namespace, unless a container withholds the rest from it.
enter_namespaces() {
  local flags=(--net --mount --pid --fork --kill-child --mount-proc) user
  for user in "" --map-root-user; do
    [[ -n $user || $(id -u) == 0 ]] || continue
    # shellcheck disable=SC2086
    unshare $user "${flags[@]}" true 2>/dev/null || continue
    # shellcheck disable=SC2086
    SMOL_TEST_INSIDE=1 exec unshare $user "${flags[@]}" bash "$0" "$@"
  done
  lacking "the right to make namespaces (root, or user namespaces)"
}

[[ -n ${SMOL_TEST_INSIDE:-} ]] || enter_namespaces "$@"
[[ -x ${SMOLSTACK:-} ]] || { echo "FAILED: \$SMOLSTACK must be the program under test" >&2 && exit 1; }
[[ -c /dev/net/tun ]] && { : <>/dev/net/tun; } 2>/dev/null || lacking "/dev/net/tun, readable and writable"

PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
work=$(mktemp -d)
mount -t tmpfs tmpfs /run
mkdir -p /run/netns "$work/run"
export SMOLSTACK_RUN_DIR=$work/run
ip link set lo up
# Nothing speaks unasked: IPv6 would, on every new link.
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true

declare -A node_pid=()

clean_up() {
  local status=$? log
  trap - EXIT
  # A child that is killed before its exec comes by here too.
  [[ $BASHPID == "$$" ]] || exit "$status"
  if ((status != 0 && status != 77)); then
    for log in "$work"/*.log; do
      [[ ! -s $log ]] || { echo "--- ${log##*/}" && tail -n 20 "$log"; } >&2
    done
  fi
  kill -KILL "${node_pid[@]}" 2>/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND" >&2' ERR

die() {
  trap - ERR
  echo "FAILED: $*" >&2
  exit 1
}

assert_equal() { [[ $1 == "$2" ]] || die "$3: wanted '$1', got '$2'"; }
assert_contains() { grep -Eq -- "$2" <<<"$1" || die "$3: no '$2' in: $1"; }
assert_lacks() { ! grep -Eq -- "$2" <<<"$1" || die "$3: '$2' in: $1"; }

wait_for() {
  local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME/./} < deadline)) || die "in vain waited for: $*"
    sleep 0.02
  done
}

node_answers() {
  kill -0 "${node_pid[$1]}" 2>/dev/null || die "$1 ended at once: $(cat "$work/$1.log")"
  "$SMOLSTACK" ip "$1" addr
}

start_node() {
  local name=$1 verb=$2
  shift 2
  "$SMOLSTACK" "$verb" --name "$name" "$@" >"$work/$name.log" 2>&1 &
  node_pid[$name]=$!
  wait_for 5 node_answers "$name"
}

has_ended() { ! kill -0 "$1" 2>/dev/null; }

stop_node() {
  local pid=${node_pid[$1]} status=0
  kill -TERM "$pid"
  wait_for 2 has_ended "$pid"
  wait "$pid" || status=$?
  unset "node_pid[$1]"
  assert_equal 0 "$status" "exit status of $1"
}

smol() { "$SMOLSTACK" "$@"; }

run() {
  code=0
  output=$("$@" 2>&1) || code=$?
}

network() {
  ip link add "$1" type bridge forward_delay 0
  ip link set "$1" up
}

plug_in() {
  ip link set "$1" master "$2"
  ip link set "$1" up
}

declare -A capture_pid=()

is_listening() {
  has_ended "${capture_pid[$1]}" && lacking "a tcpdump that works here ($(head -n 1 "$1.err"))"
  grep -q 'listening on' "$1.err"
}

# Where root is the only user there is, tcpdump cannot become another.
has_one_user() { [[ $(awk '{ users += $3 } END { print users }' /proc/self/uid_map) == 1 ]]; }
tcpdump_here() {
  ! has_one_user || exec "$(dirname "$0")/../../scripts/one-user" tcpdump "$@"
  exec tcpdump "$@"
}

capture() {
  local file=$1 interface=$2
  shift 2
  tcpdump_here -nl --immediate-mode -i "$interface" "$@" >"$file" 2>"$file.err" &
  capture_pid[$file]=$!
  wait_for 5 is_listening "$file"
}

# captured FILE REGEX [TIMES]: so many lines of it are like that
captured() { (($(grep -Ec -- "$2" "$1") >= ${3:-1})); }

end_capture() {
  kill -INT "${capture_pid[$1]}"
  wait "${capture_pid[$1]}" || true
  output=$(cat "$1")
}

# ROUTER_FLAGS: what else the router is told.
smol_internet() {
  network one
  network two
  ip addr add 10.1.1.1/24 dev one
  start_node client node --tap tap-client --ifname eth0 --ip 10.1.1.2/24
  start_node router router --tap tap-router0 --ifname eth0 --ip 10.1.2.3/24 \
    --tap tap-router1 --ifname eth1 --ip 10.1.1.3/24 ${ROUTER_FLAGS:-}
  start_node server node --tap tap-server --ifname eth0 --ip 10.1.2.2/24
  plug_in tap-client one
  plug_in tap-router1 one
  plug_in tap-router0 two
  plug_in tap-server two
}
