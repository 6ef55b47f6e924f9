# Sourced as the first thing by every test of a whole lab:   . "$(dirname "$0")/lab_support.sh"
#
# The test is played once by an ordinary user and, where root runs it, once more by root; each time
# with a copy of the program and of labs/ in a directory of its own, and a run directory of its own.
# Labs that are still up at the end are taken down. ctest gives $SMOLSTACK, the program under test.
#
#   smol WORDS...                         smolstack WORDS...
#   run COMMAND...                        what it says lands in $output, its exit code in $code
#   shell NODE COMMANDS                   a shell on that machine, like run
#   capture NODE FILE WORDS...            the machine's own tcpdump, listening when this returns
#   end_capture FILE                      what it saw lands in $output
#   captured FILE REGEX [TIMES]           so many lines of it are like that
#   assert_equal WANTED GOT WHAT          assert_contains TEXT REGEX WHAT     assert_lacks likewise
#   assert_nothing_left                   no process, socket or directory of any lab
#   lab_processes [TITLE]                 the processes of labs, or those titled `smolstack: TITLE`
#   wait_for SECONDS COMMAND...           until the command succeeds; fails after the deadline
#   lacking WHAT / die WORDS...           skip (fail where SMOL_REQUIRE_DEVICES=1) / fail
#   $labs  $work                          the copy of labs/, a directory that vanishes
set -euo pipefail

lacking() {
  if [[ ${SMOL_REQUIRE_DEVICES:-} == 1 ]]; then
    echo "FAILED: $1 is missing, and SMOL_REQUIRE_DEVICES=1" >&2
    exit 1
  fi
  echo "SKIPPED: $1 is missing" >&2
  exit 77
}

[[ -x ${SMOLSTACK:-} ]] || { echo "FAILED: \$SMOLSTACK must be the program under test" >&2 && exit 1; }
[[ -c /dev/net/tun ]] && { : <>/dev/net/tun; } 2>/dev/null || lacking "/dev/net/tun, readable and writable"

# play_as WHO COMMAND...: the whole test in a directory that belongs to them
play_as() {
  local who=$1 base status=0
  shift
  base=$(mktemp -d)
  cp "$SMOLSTACK" "$base/smolstack"
  cp -r "$(dirname "$0")/../../labs" "$base/labs"
  cp "$0" "$(dirname "$0")/lab_support.sh" "$(dirname "$0")/alike_support.sh" "$base/"
  chmod -R a+rX "$base"
  [[ $who == root ]] || chown -R 65534:65534 "$base"
  echo "--- as $who"
  SMOL_LAB_TEST=$who SMOLSTACK=$base/smolstack "$@" bash "$base/${0##*/}" || status=$?
  rm -rf "$base"
  return "$status"
}

if [[ -z ${SMOL_LAB_TEST:-} ]]; then
  if [[ $(id -u) == 0 ]]; then
    play_as root env
    # Everybody may open the TUN file on most machines; where not, only root can have labs.
    [[ $(stat -c %a /dev/net/tun) == *6 ]] || lacking "/dev/net/tun open for ordinary users"
    play_as user setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/ XDG_RUNTIME_DIR=
  else
    play_as user env
  fi
  exit 0
fi

# --- Inside ----------------------------------------------------------------------------------------

export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
work=$(dirname "$SMOLSTACK")
labs=$work/labs
export SMOLSTACK_RUN_DIR=$work/run
unset SMOLSTACK_LAB
declare -A capture_pid=()

smol() { "$SMOLSTACK" "$@"; }

clean_up() {
  local status=$? lab log
  trap - EXIT
  [[ $BASHPID == "$$" ]] || exit "$status"
  if ((status != 0 && status != 77)); then
    for log in "$work"/run/*/*.log; do
      [[ ! -s $log ]] || { echo "--- $log" && tail -n 20 "$log"; } >&2
    done
  fi
  for lab in "$work"/run/*/; do
    [[ ! -d $lab ]] || smol down "$(basename "$lab")" -q >/dev/null 2>&1 || true
  done
  kill "${capture_pid[@]}" 2>/dev/null || true
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

run() {
  code=0
  output=$("$@" 2>&1) || code=$?
}

shell() {
  code=0
  output=$(printf '%s\n' "$2" | smol hop "$1" 2>&1) || code=$?
}

capture() {
  local node=$1 file=$2
  shift 2
  smol exec "$node" -- tcpdump -nl --immediate-mode "$@" >"$file" 2>"$file.err" </dev/null &
  capture_pid[$file]=$!
  wait_for 5 grep -q 'listening on' "$file.err"
}

captured() { (($(grep -Ec -- "$2" "$1") >= ${3:-1})); }

end_capture() {
  kill -INT "${capture_pid[$1]}" 2>/dev/null || true
  kill "${capture_pid[$1]}" 2>/dev/null || true
  wait "${capture_pid[$1]}" || true
  unset "capture_pid[$1]"
  output=$(cat "$1")
}

# lab_processes [TITLE]: processes that run this test's copy of the program. Theirs are the titles
# `smolstack: keeper of LAB`, `smolstack: LAB` and `smolstack: NODE`.
lab_processes() {
  local process title
  for process in /proc/[0-9]*; do
    [[ $process/exe -ef $SMOLSTACK ]] || continue
    title=$({ tr -d '\0' <"$process/cmdline"; } 2>/dev/null) || continue
    [[ -n ${1:-} && $title != "smolstack: $1" ]] || echo "${process#/proc/}"
  done
}
nothing_runs() { [[ -z $(lab_processes) ]]; }
assert_nothing_left() {
  wait_for 5 nothing_runs
  [[ -z $(ls "$SMOLSTACK_RUN_DIR") ]] || die "left in the run directory: $(ls -R "$SMOLSTACK_RUN_DIR")"
}
