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
