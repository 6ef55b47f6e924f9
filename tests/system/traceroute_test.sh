# traceroute in its ways, mtr, and our own, along a chain of two routers.
. "$(dirname "$0")/support.sh"

for wire in one two three; do network "$wire"; done
ip addr add 10.1.1.1/24 dev one
start_node first router --tap tap-f1 --ifname eth0 --ip 10.1.1.3/24 --tap tap-f2 --ifname eth1 --ip 10.1.2.3/24 \
  --route "10.1.3.0/24 via 10.1.2.4"
start_node second router --tap tap-s2 --ifname eth0 --ip 10.1.2.4/24 --tap tap-s3 --ifname eth1 --ip 10.1.3.4/24 \
  --gateway 10.1.2.3
start_node end node --tap tap-end --ifname eth0 --ip 10.1.3.2/24 --gateway 10.1.3.4
plug_in tap-f1 one
plug_in tap-f2 two
plug_in tap-s2 two
plug_in tap-s3 three
plug_in tap-end three
ip route add 10.1.0.0/16 via 10.1.1.3

run ping -c 1 -W 3 10.1.3.2
assert_contains "$output" "^64 bytes from 10.1.3.2: icmp_seq=1 ttl=62 " "ping along the chain"

# Three probes for each hop, all at once, are each answered: the limiter lets a burst through.
run traceroute -n -N 9 -m 3 -w 2 10.1.3.2
assert_lacks "$output" '\*' "probes at once"

hops="^ 1  10\.1\.1\.3  [0-9. ms]+
 2  10\.1\.2\.4  [0-9. ms]+
 3  10\.1\.3\.2  [0-9. ms]+$"
# A destination gets ten errors a second: one probe a hop from here on.
for way in "" -I "-T -p 80" "-U -p 53"; do
  # shellcheck disable=SC2086
  run traceroute -n -q 1 -N 1 -w 2 $way 10.1.3.2
  assert_equal 0 "$code" "traceroute $way"
  [[ $(tail -n +2 <<<"$output") =~ $hops ]] || die "traceroute $way: $output"
done

# Any own address of a router ends the way there.
run traceroute -n -q 1 -N 1 -w 2 10.1.3.4
assert_contains "$output" "^ 2  10.1.3.4 " "the far address of the second router"

# Nobody at the end of the way: the last router says so.
run traceroute -n -q 1 -N 1 -w 5 -m 3 10.1.3.99
assert_contains "$output" '^ 3  10.1.2.4 .*!H' "an address where nobody is"
run traceroute -n -q 1 -N 1 -w 5 -m 3 10.1.4.1
assert_contains "$output" '^ 1  10.1.1.3 .*!N' "a network that the first router does not know"

run mtr --report --report-cycles 2 --interval 0.2 --no-dns 10.1.3.2
assert_contains "$output" "1\.\|-- 10.1.1.3 +0.0% +2 " "mtr"
assert_contains "$output" "2\.\|-- 10.1.2.4 +0.0% +2 " "mtr"
assert_contains "$output" "3\.\|-- 10.1.3.2 +0.0% +2 " "mtr"

# From a machine of ours to the kernel, and to a machine of ours.
back="^traceroute to 10\.1\.1\.1 \(10\.1\.1\.1\), 30 hops max, 60 byte packets
 1  10\.1\.3\.4.*
 2  10\.1\.2\.3.*
 3  10\.1\.1\.1.*$"
run smol traceroute end 10.1.1.1 -n
assert_equal 0 "$code" "our traceroute"
[[ $output =~ $back ]] || die "our traceroute: $output"
run smol traceroute end 10.1.1.3 -I -n
assert_contains "$output" "^ 2  10.1.1.3 " "our traceroute with echo requests"
run smol traceroute end 10.1.1.3 --json
jq -se 'length > 0' <<<"$output" >/dev/null || die "our traceroute's --json: $output"
