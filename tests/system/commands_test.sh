# What the commands say to wrong input and missing rights; the configuration file and SIGHUP.
. "$(dirname "$0")/support.sh"

# refused CODE REGEX WORDS...: exactly one line on stderr, none on stdout, and that exit code
refused() {
  local wanted=$1 regex=$2 out
  shift 2
  code=0
  out=$("$SMOLSTACK" "$@" 2>"$work/stderr" </dev/null) || code=$?
  output=$(cat "$work/stderr")
  assert_equal "$wanted" "$code" "exit code of smolstack $*: $output"
  assert_equal 1 "$(wc -l <"$work/stderr")" "lines that smolstack $* says: $output"
  assert_equal "" "$out" "standard output of smolstack $*"
  assert_contains "$output" "$regex" "smolstack $*"
}
good=(--tap t0 --ip 10.1.1.2/24)

# Each flag that is wrong is named, with what would be right.
refused 2 "no interface.*--tap" node
refused 2 "--tap 0123456789abcdef.*15" node --tap 0123456789abcdef
refused 2 "--tap t0.*already" node "${good[@]}" --tap t0
refused 2 "--ip 10.1.1.2/24.*--tap" node --ip 10.1.1.2/24
refused 2 "--ip 10.1.1.2:.*10.1.1.2/24" node --tap t0 --ip 10.1.1.2
refused 2 "--ip 10.1.1.256/24.*as in" node --tap t0 --ip 10.1.1.256/24
refused 2 "--ip 10.1.1.2/33.*as in" node --tap t0 --ip 10.1.1.2/33
refused 2 "--ip 010.1.1.2/24.*as in" node --tap t0 --ip 010.1.1.2/24
refused 2 "--ip 10.1.1.0/24.*network's own" node --tap t0 --ip 10.1.1.0/24
refused 2 "--ip 10.1.1.255/24.*broadcast" node --tap t0 --ip 10.1.1.255/24
refused 2 "--ip 224.0.0.5/24.*multicast" node --tap t0 --ip 224.0.0.5/24
refused 2 "--ip 127.0.0.2/8.*loopback" node --tap t0 --ip 127.0.0.2/8
refused 2 "--mac 02:42.*as in" node "${good[@]}" --mac 02:42
refused 2 "--mac 01:00:5e:00:00:01.*group" node "${good[@]}" --mac 01:00:5e:00:00:01
refused 2 "--mtu 67.*68 to 65535" node "${good[@]}" --mtu 67
refused 2 "--mtu 65536.*68 to 65535" node "${good[@]}" --mtu 65536
refused 2 "--mtu many.*68 to 65535" node "${good[@]}" --mtu many
refused 2 "--tap t0: host-ip 10.1.1.2/24.*own address" node "${good[@]}" --host-ip 10.1.1.2/24
refused 2 "--host-ip 10.1.1.1:.*10.1.1.1/24" node "${good[@]}" --host-ip 10.1.1.1
refused 2 "--netns a/b.*ip netns" node "${good[@]}" --netns a/b
refused 2 "--tap t0: .*namespace nowhere" node "${good[@]}" --netns nowhere
refused 2 "--ifname lo.*eth0" node "${good[@]}" --ifname lo
refused 2 "--gateway 10.1.1.*as in" node "${good[@]}" --gateway 10.1.1
refused 2 "--gateway 10.1.9.9" node "${good[@]}" --gateway 10.1.9.9
refused 2 "--route 10.1.2.0/24 via" node "${good[@]}" --route "10.1.2.0/24 via"
refused 2 "--route 10.1.2.0/24 via 10.1.9.9" node "${good[@]}" --route "10.1.2.0/24 via 10.1.9.9"
refused 2 "--route 10.1.2.1/24" node "${good[@]}" --route "10.1.2.1/24 via 10.1.1.1"
refused 2 "--forward maybe.*on.*off" router "${good[@]}" --forward maybe
refused 2 "--name a/b" node "${good[@]}" --name a/b
refused 2 "--log-level loud.*debug" node "${good[@]}" --log-level loud
refused 2 "--control" node "${good[@]}" --control "$work/no/such/folder/socket"
refused 2 "--config|nothing.yaml" node --config "$work/nothing.yaml"
refused 2 "--colour" node "${good[@]}" --colour
refused 2 "--tap" node --tap
refused 2 "nod" nod "${good[@]}"
refused 2 "nobody" ip nobody addr
refused 2 "nobody" ping nobody 10.1.1.1
refused 2 "nobody" stats nobody

# Nothing was left by those.
assert_equal "" "$(ip -br link show type tun 2>/dev/null || true)" "devices left behind"

# Missing rights: what is missing, and the three ways on.
unprivileged() { setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
if [[ $(id -u) == 0 ]] && chmod 0755 "$work" && unprivileged true 2>/dev/null; then
  mkdir -p "$work/theirs" && chown 65534:65534 "$work/theirs"
  install -m 0755 "$SMOLSTACK" "$work/smolstack"
  code=0
  output=$(unprivileged env SMOLSTACK_RUN_DIR="$work/theirs" "$work/smolstack" node "${good[@]}" 2>&1) || code=$?
  assert_equal 2 "$code" "exit code without rights: $output"
  last=$(tail -n 1 <<<"$output")
  assert_contains "$last" "CAP_NET_ADMIN|/dev/net/tun" "what is missing"
  for way in sudo "setcap cap_net_admin" "unshare -rn"; do
    assert_contains "$last" "$way" "the ways on"
  done
fi

# A configuration file with the same words; SIGHUP takes up what has changed.
cat >"$work/node.yaml" <<'END'
name: filed
interfaces:
  - tap: t0
    ip: 10.1.1.2/24
    host-ip: 10.1.1.1/24
routes:
  - 10.1.2.0/24 via 10.1.1.1
END
start_node filed node --config "$work/node.yaml"
wait_for 5 ping -c 1 -W 1 10.1.1.2
assert_contains "$(smol ip filed route)" "^10.1.2.0/24 via 10.1.1.1 dev t0 $" "the file's route"
sed -i 's/10.1.2.0/10.7.0.0/' "$work/node.yaml"
kill -HUP "${node_pid[filed]}"
changed() { smol ip filed route | grep -q '^10.7.0.0/24 via 10.1.1.1 dev t0 $'; }
wait_for 2 changed
assert_lacks "$(smol ip filed route)" "10.1.2.0" "the route that the file has no longer"
sed -i 's/10.7.0.0.24/10.7.0.0|24/' "$work/node.yaml"
kill -HUP "${node_pid[filed]}"
wait_for 2 grep -q "SIGHUP: nothing is changed: .*node.yaml:[0-9]" "$work/filed.log"
changed || die "a broken file changed the routes"
refused 2 "^smolstack.*node.yaml:7: route 10.7.0.0.24" node --config "$work/node.yaml" --name other
printf 'interfaces:\n  - tap: t9\n    adress: 10.1.1.2/24\n' >"$work/typo.yaml"
refused 2 "typo.yaml:3.*adress" node --config "$work/typo.yaml"
printf 'interfaces: [\n' >"$work/yaml.yaml"
refused 2 "yaml.yaml:[12]" node --config "$work/yaml.yaml"
stop_node filed
