# ping in its ways, arping, tracepath and fping say of us what they say of the Linux kernel.
. "$(dirname "$0")/support.sh"
. "$(dirname "$0")/peers_support.sh"

needs ping arping tracepath fping
worlds
notices_the_dead

# ping. The network behind the router has an MTU of 1280.
for size in 0 1 56 1252 1253 1472 1473 8000 65507; do
  everywhere "$((size + 8)) bytes from .* 0% packet loss" ping -n -M dont -c 1 -W 2 -s "$size"
done
everywhere "60 bytes from .* 0% packet loss" ping -n -c 2 -i 0.1 -W 2 -s 52 -p ff00aa -Q 0x10
alike "1 received" ping -n -M do -c 1 -W 2 -s 1472 10.1.1.2
alike "message too long, mtu=1500" ping -n -M do -c 1 -W 2 -s 1473 10.1.1.2
alike "From 10.1.1.3 icmp_seq=1 Frag needed and DF set \(mtu = 1280\)" ping -n -M do -c 1 -W 2 -s 1400 10.1.2.2
alike "message too long, mtu=1280" ping -n -M do -c 1 -W 2 -s 1253 10.1.2.2
alike "1 received" ping -n -M do -c 1 -W 2 -s 1252 10.1.2.2
alike "From 10.1.1.3 icmp_seq=1 Time to live exceeded" ping -n -t 1 -c 1 -W 2 10.1.2.2
alike "ttl=63 .*1 received" ping -n -t 2 -c 1 -W 2 10.1.2.2
alike "ttl=64 .*1 received" ping -n -t 1 -c 1 -W 2 10.1.1.3
alike "From 10.1.1.3 icmp_seq=1 Destination Host Unreachable" ping -n -c 1 -W 5 10.1.2.77
alike "2000 packets transmitted, 2000 received, 0% packet loss" ping -n -f -q -c 2000 -w 20 10.1.2.2

# Options are recorded once by who turns the request round (RFC 1122 §3.2.2.6); Linux does it twice,
# and leaves out the padding in front.
recorded() { common "$1" | sed -Ez 's/\nNOP//g; s/[0-9]+ absolute/N absolute/; s/\t[0-9]+\n/\tN\n/g' | uniq; }
alike_options() {
  local regex=$1
  shift
  both "$@"
  assert_equal "$(recorded "$linux_output")" "$(recorded "$output")" "$*"
  [[ $(recorded "$output") =~ $regex ]] || die "$*: no '$regex' in: $output"
  all_alive "$*"
}
tab=$'\t' line=$'\n'
way="RR: ${tab}10.1.1.1$line${tab}10.1.2.3$line${tab}10.1.2.2$line${tab}10.1.1.3$line${tab}10.1.1.1$line"
alike_options "$way.*$tab\(same route\)" ping -n -R -c 2 -i 0.1 -W 2 10.1.2.2
for target in 10.1.1.2 10.1.1.3; do
  alike_options "RR: ${tab}10.1.1.1$line$tab$target$line${tab}10.1.1.1$line" ping -n -R -c 1 -W 2 "$target"
  alike_options "TS: ${tab}10.1.1.1${tab}N absolute$line$tab$target${tab}N$line${tab}10.1.1.1${tab}N$line" \
    ping -n -T tsandaddr -c 1 -W 2 "$target"
done
for target in "${targets[@]}"; do
  alike_options "TS: ${tab}N absolute$line${tab}N" ping -n -T tsonly -c 1 -W 2 "$target"
done
alike_options "TS: ${tab}10.1.2.3${tab}N absolute" ping -n -T tsprespec 10.1.2.3 -c 1 -W 2 10.1.2.2
# Four fit. With a timestamp a router of ours records the address it sends by, as with a route.
both ping -n -T tsandaddr -c 1 -W 2 10.1.2.2
for address in 10.1.1.1 10.1.2.3 10.1.2.2 10.1.1.3; do
  assert_contains "$output" "$tab$address$tab" "ping -T tsandaddr through the router"
done
assert_contains "$output" "Unrecorded hops: 1" "ping -T tsandaddr through the router"

# All on the wire answer a broadcast, in any order; and nobody does who is told not to.
first_answers() { grep -E 'icmp_seq=1 ' <<<"$1" | sed -E 's/ time=.*//' | sort; }
both ping -n -b -c 2 -i 0.5 -W 2 10.1.1.255
assert_equal "$(first_answers "$linux_output")" "$(first_answers "$output")" "answers to a broadcast"
assert_contains "$output" "2 received, \+1 duplicates, 0% packet loss" "answers to a broadcast"
smol sysctl node net.ipv4.icmp_echo_ignore_broadcasts=1 >/dev/null
inside linux-node sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=1
alike "64 bytes from 10.1.1.3.* 1 received, 0% packet loss" ping -n -b -c 1 -W 2 10.1.1.255

# tracepath.
alike "pmtu 1500.* 1:  10.1.1.2 .*reached" tracepath -n 10.1.1.2
alike "pmtu 1500.* 1:  10.1.2.3 .*reached" tracepath -n 10.1.2.3
for world in ours linux; do ip -n "$world" route flush cache; done
alike "pmtu 1280.* 2:  10.1.2.2 .*reached.*Resume: pmtu 1280 hops 2 back 2" tracepath -n 10.1.2.2
alike " 2:  10.1.2.2 .*reached.*Resume: pmtu 1280 hops 2 back 2" tracepath -n -l 1280 10.1.2.2

# arping, in either make. (An address on another interface is not answered for: arp_ignore in Linux.)
use_arping one
alike "$arping_reply .*10.1.1.2.*$arping_got_one" "${arping_asks[@]}" 10.1.1.2
alike "$arping_reply .*10.1.1.3.*$arping_got_one" "${arping_asks[@]}" 10.1.1.3
alike "$arping_got_none" "${arping_in_vain[@]}" 10.1.1.77
alike "$arping_got_none" "${arping_in_vain[@]}" 10.1.2.3
alike "$arping_got_one" "${arping_asks[@]}" "${arping_probes[@]}" 10.1.1.2
alike "$arping_got_none" "${arping_in_vain[@]}" "${arping_probes[@]}" 10.1.1.77
# What is announced changes what is known (RFC 826).
number=5
for way in arping_announces arping_announces_by_reply; do
  declare -n words=$way
  number=$((number + 1))
  alike "$arping_got_none" "${arping_in_vain[@]}" "${words[@]}" 10.1.1.1
  ip -n ours link set one address "02:00:00:00:01:0$number"
  assert_lacks "$(smol ip node neigh show 10.1.1.1)" "02:00:00:00:01:0$number" "before arping ${words[*]}"
  in_ours "${as_user[@]}" "${arping_in_vain[@]}" "${words[@]}" 10.1.1.1 >/dev/null || true
  assert_contains "$(smol ip node neigh show 10.1.1.1)" "lladdr 02:00:00:00:01:0$number" "after arping ${words[*]}"
  all_alive "arping ${words[*]}"
done

# fping. A sweep of a network, here and behind the router, is soon over, and finds who is there. (It comes
# last: of nobody behind the router there is much to tell, and ten errors a second are sent to one host.)
alike "10.1.2.3 : " fping -C 3 -p 100 -t 1000 -q "${targets[@]}"
alike "10.1.2.2 is alive" fping -r 0 -t 1000 -b 4000 10.1.2.2
alike "ICMP Time Exceeded from 10.1.1.3 .*10.1.1.2 is alive" fping -r 0 -t 1000 -i 300 -H 1 10.1.2.2 10.1.1.2
began=$EPOCHSECONDS
alike $'^10.1.1.1\n10.1.1.2\n10.1.1.3$' "${fping_sweep[@]}" 10.1.1.0/24
alike $'^10.1.2.2\n10.1.2.3$' "${fping_sweep[@]}" 10.1.2.0/24
((EPOCHSECONDS - began < 30)) || die "two sweeps took $((EPOCHSECONDS - began)) seconds"
