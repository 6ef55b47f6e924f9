#!/usr/bin/env bash
# `smolstack test`: on a lab that it brings up itself and on one that runs, in each of its forms.
. "$(dirname "$0")/lab_support.sh"

command -v python3 >/dev/null || lacking python3

mkdir "$work/two" "$work/course" "$work/bare"
cat >"$work/two/lab.yaml" <<'EOF'
name: two
networks: { wire: { subnet: 10.1.1.0/24 } }
nodes:
  client: { networks: { wire: 10.1.1.2 } }
  server: { networks: { wire: 10.1.1.3 }, extra_hosts: ["client:10.1.1.2"] }
stages:
  init: {}
  deaf: { exec: { client: ["ip route add blackhole 10.9.0.0/16"], server: ["ip link set eth0 down"] } }
  wrong: {}
tests:
  - { name: no way out, from: client, ping: 10.1.2.2, expect: unreachable }
  - { name: client reaches server, from: client, ping: 10.1.1.3, ttl: 64, stage: init }
  - { name: server knows client by name, from: server, ping: client, stage: init }
  - { name: nobody is there, from: client, ping: 10.1.1.99, expect: unreachable, stage: deaf }
  - { name: the server is off, from: client, ping: 10.1.1.3, expect: unreachable, stage: deaf }
  - { name: 'a <wrong> TTL & a "name"', from: client, ping: 10.1.1.3, ttl: 63, stage: wrong }
  - { name: nobody has this name, from: client, ping: nobody.invalid, expect: no-reply, stage: wrong }
EOF

# --- A lab that does not run is brought up for each stage that is wanted --------------------------

run smol test "$work/two" --stage init
assert_equal 0 "$code" "exit code of a stage where all is as expected ($output)"
assert_contains "$output" '^two, stage init: \.\.\.$' "the dots"
assert_contains "$output" '^3 passed, 0 failed, [0-9]+\.[0-9] s$' "the count"
assert_nothing_left

run smol test "$work/two" --jobs 1 --junit "$work/junit.xml"
assert_equal 1 "$code" "exit code of a lab with failures"
assert_contains "$output" '^two, stage deaf: \.\.\.$' "the dots of the second stage"
assert_contains "$output" '^two, stage wrong: \.FF$' "the letters of the failures"
assert_contains "$output" '^FAILED: a <wrong> TTL & a "name", stage wrong \(.*lab\.yaml:16\)$' "the failure's name"
assert_contains "$output" 'expected reply with ttl=63, got reply with ttl=64' "the failure's reason"
assert_contains "$output" 'ping said: 64 bytes from 10.1.1.3: icmp_seq=1 ttl=64' "what ping said"
assert_contains "$output" 'expected no-reply, got unresolved' "a name that nobody has"
assert_contains "$output" '^7 passed, 2 failed,' "the count of all stages"
assert_nothing_left

python3 - "$work/junit.xml" <<'EOF' || die "the JUnit file: $(cat "$work/junit.xml")"
import sys, xml.etree.ElementTree
root = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
suites = [(s.get("name"), s.get("tests"), s.get("failures")) for s in root]
assert suites == [("two.init", "3", "0"), ("two.deaf", "3", "0"), ("two.wrong", "3", "2")], suites
assert root.find(".//failure/..").get("name") == 'a <wrong> TTL & a "name"'
EOF

run smol test "$work/two" --stage init -q
assert_equal 0 "$code" "exit code of a quiet run"
assert_equal "" "$output" "what a quiet run says when all is well"

run smol test "$work/two" --stage wrong --json
assert_equal 1 "$code" "exit code with --json"
assert_contains "$output" '"node":"client","target":"10.1.1.3","expect":"reply","ttl":63,"got":"reply","got_ttl":64,"passed":false' "a case as JSON"
assert_contains "$output" '^\{"lab":"two","passed":1,"failed":2,"seconds":' "the summary as JSON"
assert_equal 4 "$(python3 -c 'import json, sys; print(len([json.loads(line) for line in sys.stdin]))' <<<"$output")" "JSON lines"

# --- A lab that runs is tested in its stage, and left as it is ------------------------------------

smol up "$work/two" --stage init -q
run smol test
assert_equal 0 "$code" "exit code for the lab that runs ($output)"
assert_contains "$output" '^two, stage init, as it runs: \.\.\.$' "the stage that runs"
run smol test two -q
assert_equal 0 "$code" "exit code for the lab by name"
run smol test "$work/two" --stage wrong
assert_equal 2 "$code" "exit code for a stage that does not run"
assert_contains "$output" 'runs in stage init; `smolstack restart --stage wrong`' "the way to that stage"

smol exec server -- ip link set eth0 down
run smol test
assert_equal 1 "$code" "exit code with an interface down"
assert_contains "$output" '^FAILED: client reaches server, stage init' "the test that fails now"
mkdir "$work/namesake"
sed 's/wrong: {}//; /stage: wrong/d' "$work/two/lab.yaml" >"$work/namesake/lab.yaml"
run smol test "$work/namesake"
assert_equal 2 "$code" "exit code for a lab whose name another lab has"
assert_contains "$output" 'another lab two runs, from ' "which lab it is"
smol down -q
assert_nothing_left

# --- A course's folder ----------------------------------------------------------------------------

sed '/^stages:/,$d; s/name: two/name: course/' "$work/two/lab.yaml" >"$work/course/lab.yaml"
mkdir "$work/course/test-data"
printf 'client\nserver # by cable\n' >"$work/course/test-data/systems.txt"
printf '# all of them\n10.1.1.2\n10.1.1.3\n' >"$work/course/test-data/ip-addresses.txt"
printf 'client\n' >"$work/course/test-data/dns-names.txt"
run smol test "$work/course"
assert_equal 0 "$code" "exit code of the matrix ($output)"
assert_contains "$output" '^course: \.\.\.\.\.\.$' "its dots"
echo router >>"$work/course/test-data/systems.txt"
run smol test "$work/course"
assert_equal 2 "$code" "exit code for a machine that is none"
assert_contains "$output" 'systems\.txt:3: error: there is no machine `router`' "where it stands"

# --- What cannot be tested ------------------------------------------------------------------------

sed '/^stages:/,$d' "$work/two/lab.yaml" >"$work/bare/lab.yaml"
run smol test "$work/bare"
assert_equal 2 "$code" "exit code without tests"
assert_contains "$output" 'lab two has no tests; write some in .*/bare/lab\.yaml, as in: tests:' "how to write one"
run smol test "$work/two" --stage last
assert_equal 2 "$code" "exit code for a stage that is none"
assert_contains "$output" 'has no stage `last`; there are init, deaf, wrong' "the stages there are"
run smol test nowhere
assert_equal 2 "$code" "exit code for a lab that is none"
assert_contains "$output" '`nowhere` is no file or folder, and no lab of that name runs' "that there is none"
run smol test "$work/two" --junit "$work/nowhere/junit.xml"
assert_equal 2 "$code" "exit code for a file that cannot be written"
assert_nothing_left

# --- However it ends, it leaves nothing up --------------------------------------------------------

# A shell's background jobs ignore SIGINT; programs that python starts do not.
start_test() {
  python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$SMOLSTACK" test "$work/two" --stage deaf >"$work/said" 2>&1 &
  test_pid=$!
}
end_test() {
  kill "-$1" "$test_pid"
  code=0
  { wait "$test_pid" || code=$?; } 2>/dev/null
  assert_equal "$((128 + $(kill -l "$1")))" "$code" "exit code after SIG$1 $2"
  assert_nothing_left
}
is_up() { [[ -S $SMOLSTACK_RUN_DIR/two/lab.sock ]]; }
for signal in INT TERM KILL; do
  start_test
  wait_for 5 is_up
  end_test "$signal" "while the lab comes up"
  start_test
  wait_for 5 grep -q 'deaf: \.' "$work/said"
  end_test "$signal" "between pings"
  [[ $signal == KILL ]] || assert_contains "$(cat "$work/said")" 'interrupted' "what SIG$signal makes it say"
done
