# nmap and hping3 say of us what they say of a Linux kernel with no port open.
. "$(dirname "$0")/support.sh"
. "$(dirname "$0")/peers_support.sh"

needs hping3 nmap
worlds
notices_the_dead

# What is not answered: a checksum that is wrong, a reset, fragments without the rest. The same
# with nothing wrong is answered below.
hping=(hping3 -n -c 1)
for way in "-S -p 80 --badcksum" "-1 --badcksum" "-2 -p 9999 --badcksum" "-R -p 80" "-S -A -F -R -P -U -p 80" \
  "-1 -x -d 100" "-1 -C 17" "-S -p 80 -O 6" "-1 -C 3 -K 3"; do
  # shellcheck disable=SC2086
  everywhere "1 packets transmitted, 0 packets received" "${hping[@]}" $way
done

# TCP (RFC 9293 §3.10.7.1): no port is open.
for way in "-S" "-F -P -U" "-X -Y" "" "-S -f -d 100" "-S -M 5 -L 7 -w 0" "-S -d 1200"; do
  # shellcheck disable=SC2086
  everywhere "len=40 .* DF id=0 sport=80 flags=RA seq=0 win=0" "${hping[@]}" $way -p 80
done
everywhere "sport=80 flags=R seq=0" "${hping[@]}" -A -p 80
everywhere "2 packets transmitted, 2 packets received" hping3 -n -c 2 -i u100000 -S -p 80

# UDP, ICMP, and what nobody speaks.
everywhere "ICMP Port Unreachable from ip=10.1" "${hping[@]}" -2 -p 9999
everywhere "len=28 .* icmp_seq=0" "${hping[@]}" -1
everywhere "ICMP timestamp: Originate=.*Receive=.*Transmit=" "${hping[@]}" -1 --icmp-ts
everywhere "len=1[25][07][06] .* icmp_seq=0" "${hping[@]}" -1 -m 1480 -d 3000
everywhere "ICMP Protocol Unreachable from ip=10.1" "${hping[@]}" -0 -H 99
alike "TTL 0 during transit from ip=10.1.1.3" "${hping[@]}" -1 -t 1 10.1.2.2

# nmap finds the machines ...
nmap=(nmap -n -Pn --disable-arp-ping --max-retries 3)
alike "10.1.1.2.*MAC Address: 02:42:0A:01:01:02 .*10.1.1.3.*MAC Address: 02:42:0A:01:01:03 .*3 hosts up" \
  nmap -n -sn -PR 10.1.1.0/28
alike "2 hosts up" nmap -n -sn -PE 10.1.2.0/28
for way in -PE -PP -PS80 -PA81 -PU40125; do
  everywhere "Host is up, received (echo-reply|timestamp-reply|reset|port-unreach) ttl 6[34]" \
    nmap -n -sn "$way" --disable-arp-ping --reason
done
# ... and no port open, whichever way it asks. Ten errors a second are sent to one destination.
everywhere "50 closed tcp ports \(conn-refused\)" "${nmap[@]}" -sT -p 1-50
for way in -sS -sN -sF -sX -sM -sW "-sS -f"; do
  # shellcheck disable=SC2086
  everywhere "50 closed tcp ports \(reset\)" "${nmap[@]}" $way -p 1-50
done
everywhere "50 unfiltered tcp ports \(reset\)" "${nmap[@]}" -sA -p 1-50
everywhere "80/tcp +filtered" "${nmap[@]}" -sS --badsum --max-retries 1 -p 80
everywhere $'53/udp +closed .*\n500/udp +closed' "${nmap[@]}" -sU --reason -p 53,67,123,161,500
everywhere $'\n1 +open +icmp.*\n6 +open +tcp.*\n17 +open +udp.*\n50 +closed.*\n253 +closed' \
  "${nmap[@]}" -sO -p 1,6,17,50,51,99,200,253
everywhere "80/sctp +filtered .* proto-unreach" "${nmap[@]}" -sY --reason -p 80
everywhere "80/tcp +closed http.*TRACEROUTE.*[12] +T? *.*10.1.[12].[23]" "${nmap[@]}" --traceroute -p 80
# What it takes us for is its own affair; its odd packets must not hurt.
for target in "${targets[@]}"; do
  both nmap -n -Pn -O --max-os-tries 1 -p 1-10 "$target"
  assert_contains "$output" "OS detection performed" "nmap -O $target"
done
all_alive "nmap -O"
