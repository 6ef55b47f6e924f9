#!/usr/bin/env bash
# The labs that come with the project do, in every stage, what their files say.
. "$(dirname "$0")/lab_support.sh"

for lab in "$labs"/*/; do
  run smol test "$lab"
  assert_equal 0 "$code" "exit code of the tests of $(basename "$lab") ($output)"
  assert_contains "$output" '^[1-9][0-9]* passed, 0 failed' "the count of $(basename "$lab")"
  assert_nothing_left
done

# The script of the page's last step takes the place of the routes that were added by hand.
mv "$labs/smol-internet/start-up.sh.example" "$labs/smol-internet/start-up.sh"
smol up "$labs/smol-internet" --stage init -q
run smol exec client -- ping -n -c 1 -W 2 10.1.2.2
assert_equal 0 "$code" "exit code of ping after start-up.sh ($output)"
assert_contains "$output" 'ttl=63' "the router's hop"
smol down -q
assert_nothing_left
