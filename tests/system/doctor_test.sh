# What the doctor says of this host, and that it leaves it as it was. A lab needs what support.sh needs, so here it runs.
. "$(dirname "$0")/support.sh"

things() { ip -br link && ls "$work" && cat /proc/self/mounts; }
before=$(things)
run smol doctor --json
assert_equal "$before" "$(things)" "devices, files and mounts after the doctor"
verdict() { jq -r --arg name "$1" '.findings[] | select(.name == $name) | .verdict' <<<"$output"; }
assert_equal ok "$(verdict /dev/net/tun)" "/dev/net/tun"
assert_equal ok "$(verdict "TAP devices")" "TAP devices"
assert_equal ok "$(verdict "network, mount, PID and UTS namespaces")" "namespaces"
jq -e '.findings | all(.why != "" and (.verdict == "ok") == (.mend == ""))' <<<"$output" >/dev/null ||
  die "a finding without its reason or its mend: $output"
assert_equal "$code" "$(jq 'if .labs_run then 0 else 1 end' <<<"$output")" "the exit code"
assert_equal "$(jq .labs_run <<<"$output")" "$(jq '.findings | all(.verdict != "fail")' <<<"$output")" "labs_run"

run smol doctor
assert_contains "$output" '^ok    /dev/net/tun: there$' "its text"

# With a thing missing: the answer is no, and says how to mend it.
run env SMOLSTACK_RUN_DIR="$work/no/such" "$SMOLSTACK" doctor
assert_equal 1 "$code" "a run directory that cannot be"
assert_contains "$output" '^      mend: export SMOLSTACK_RUN_DIR=' "a run directory that cannot be"
assert_contains "$output" '^No lab runs here' "a run directory that cannot be"
run env PATH=/nowhere "$SMOLSTACK" doctor
assert_contains "$output" '^warn  traceroute: not installed|^ok    traceroute: installed' "traceroute"

# Without users of its own, and without rights: a namespace in which no other may be made.
run unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_net_namespaces; exec "$0" doctor' "$SMOLSTACK"
assert_equal 1 "$code" "no network namespaces"
assert_contains "$output" '^fail  network, mount, PID and UTS namespaces: No space left' "no network namespaces"
