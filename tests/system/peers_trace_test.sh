# traceroute and mtr, in each of their ways, say of us what they say of the Linux kernel.
. "$(dirname "$0")/support.sh"
. "$(dirname "$0")/peers_support.sh"

needs traceroute mtr
worlds
notices_the_dead

# With -n and one probe at a time, so that the order is certain; a far machine is the second hop.
trace=(traceroute -n -q 1 -N 1 -w 3 -m 5)
end=$'\n [12]  10.1.[12].[23] '
for way in "" -I "-T -p 80" "-T -p 443 -O info" "-U -p 53" "-P 99" "-t 16" "-F" "--back"; do
  # shellcheck disable=SC2086
  everywhere "$end" "${trace[@]}" $way
done
alike $'\n 1  10.1.1.3  .*\n 2  10.1.2.2 <rst,ack> ' "${trace[@]}" -T -O info 10.1.2.2
alike $'\n 1  10.1.1.3 .*\n 2  10.1.2.2  .* !P$' "${trace[@]}" -P 99 10.1.2.2
alike $'\n 1  10.1.2.3 ' "${trace[@]}" 10.1.2.3
alike $'\n 1  10.1.1.3  [^*]+\n 2  10.1.2.2  [^*]+$' traceroute -n -w 3 -m 4 10.1.2.2
alike $'\n 1  10.1.1.3 .*\n 2  10.1.1.3  .* !H$' "${trace[@]}" -w 5 10.1.2.77

# An MTU that shrinks on the way: found out, told, or cut at.
for world in ours linux; do ip -n "$world" route flush cache; done
alike $' 1  10.1.1.3 .* F=1500\n 2  10.1.2.2  .* F=1280$' "${trace[@]}" --mtu 10.1.2.2
alike $' 1  10.1.1.2 .* F=1500$' "${trace[@]}" --mtu 10.1.1.2
alike $' 2  10.1.1.3  .* !F-1280$' "${trace[@]}" -F 10.1.2.2 1400
alike $' 2  10.1.2.2 ' "${trace[@]}" 10.1.2.2 1400

# mtr. By UDP and TCP one at a time: in one network it takes another's answers for its own.
report=(mtr --report --no-dns --report-cycles 2 --interval 0.3 --gracetime 2)
everywhere '\.\|-- 10.1.[12].[23] +0\.0% +2 ' "${report[@]}"
for way in --udp --tcp; do
  alike $'\n +1\.\|-- 10.1.1.2 +0\.0% +2 [^\n]*$' "${report[@]}" "$way" 10.1.1.2
  alike $'\n +1\.\|-- 10.1.2.3 +0\.0% +2 [^\n]*$' "${report[@]}" "$way" 10.1.2.3
done
for way in --udp --tcp "--tcp --port 22" "--psize 1400"; do
  # shellcheck disable=SC2086
  alike $'1\.\|-- 10.1.1.3 +0\.0% +2 .*\n +2\.\|-- 10.1.2.2 +0\.0% +2 [^\n]*$' "${report[@]}" $way 10.1.2.2
done
