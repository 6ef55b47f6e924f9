# Groups of a node of ours beside those of a Linux kernel, on one wire with a querier made by hand: both say the same.
. "$(dirname "$0")/support.sh"
command -v python3 >/dev/null || lacking python3

# A bridge that floods groups, and a kernel with programs on it. With a snooping one, reports would go to routers only.
network wire
ip link set wire type bridge mcast_snooping 0
ip netns add peer
ip link add to-peer type veth peer name eth0 netns peer
plug_in to-peer wire
ip -n peer addr add 10.1.1.9/24 dev eth0
ip -n peer link set eth0 up
in_peer() { ip netns exec peer "$@"; }

cat >"$work/member.py" <<'END'
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
             socket.inet_aton(sys.argv[1]) + socket.inet_aton("10.1.1.9"))
print("joined", flush=True)
while True:
    data, peer = s.recvfrom(2048)
    print(data.decode(), "from", peer[0], flush=True)
END
cat >"$work/say.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.1.1.9"))
s.sendto(b"hello", (sys.argv[1], 5000))
END
# query.py VERSION CODE GROUP SOURCE...: from 10.1.1.254, who is nobody else, to the group or to all systems
cat >"$work/query.py" <<'END'
import socket, struct, sys
version, code, group, sources = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
def checked(data, at):
    return data[:at] + struct.pack(">H", checksum(data)) + data[at + 2:]
igmp = struct.pack(">BBH4s", 0x11, code, 0, socket.inet_aton(group))
if version == 3:
    igmp += struct.pack(">BBH", 2, 125, len(sources)) + b"".join(map(socket.inet_aton, sources))
to = "224.0.0.1" if group == "0.0.0.0" else group
ip = struct.pack(">BBHHHBBH4s4s4s", 0x46, 0xc0, 24 + len(igmp), 0, 0x4000, 1, 2, 0,
                 socket.inet_aton("10.1.1.254"), socket.inet_aton(to), b"\x94\4\0\0")
mac = b"\1\0\x5e" + bytes([socket.inet_aton(to)[1] & 0x7f]) + socket.inet_aton(to)[2:]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("wire", 0))
wire.send(mac + bytes.fromhex("02420a0101fe0800") + checked(ip, 10) + checked(igmp, 2))
END
query() { python3 "$work/query.py" "$@"; }

capture "$work/seen" wire -vv igmp
# said ADDRESS TO REGEX [TIMES]: so many datagrams from that address were like that
said() { (($(grep -Ec -- "^ +$1 > $2: .*$3" "$work/seen") >= ${4:-1})); }
both_say() { said 10.1.1.2 "$@" && said 10.1.1.9 "$@"; }

# Joining, by a flag, by a command, and by a program on the kernel.
start_node host node --tap t-host --ifname eth0 --ip 10.1.1.2/24 --join 239.1.2.2
plug_in t-host wire
smol ip host maddr add 239.1.2.3 dev eth0
in_peer python3 "$work/member.py" 239.1.2.3 >"$work/member" 2>&1 &
wait_for 5 grep -q joined "$work/member"
wait_for 5 both_say 224.0.0.22 'igmp v3 report, .*\[gaddr 239.1.2.3 to_ex' 2

# What is asked is answered alike: in general, about the group, about sources of it.
query 3 10 0.0.0.0
wait_for 5 both_say 224.0.0.22 'gaddr 239.1.2.3 is_ex \{ \}'
query 3 10 239.1.2.3
wait_for 5 both_say 224.0.0.22 'gaddr 239.1.2.3 is_ex' 2
query 3 10 239.1.2.3 10.7.0.1 10.7.0.2
wait_for 5 said 10.1.1.2 224.0.0.22 'gaddr 239.1.2.3 is_in \{ 10.7.0.1 10.7.0.2 \}'

# By the same means: the headers of reports of one group differ in nothing.
header_of() { awk -v from="$1" '$1 == from && $3 == "224.0.0.22:" { print header } { $1 = ""; header = $0 }' "$work/seen" | grep 'length 40' | sort -u; }
assert_equal "$(header_of 10.1.1.9)" "$(header_of 10.1.1.2)" "the headers of reports"
assert_contains "$(header_of 10.1.1.2)" 'tos 0xc0, ttl 1, id 0, .*flags \[DF\], proto IGMP \(2\), length 40, options \(RA\)' "the header of a report"

# Shown, joined and left while it runs.
run smol ip host maddr show dev eth0
assert_contains "$output" 'inet  239.1.2.2' "the flag --join"
assert_contains "$output" 'inet  239.1.2.3' "ip maddr"
smol ip host maddr add 239.7.7.7 dev eth0
wait_for 5 said 10.1.1.2 224.0.0.22 'gaddr 239.7.7.7 to_ex'
smol ip host maddr del 239.7.7.7 dev eth0
wait_for 5 said 10.1.1.2 224.0.0.22 'gaddr 239.7.7.7 to_in' 2
run smol ip host -j maddr show dev eth0
assert_equal "239.1.2.2 239.1.2.3 224.0.0.1" "$(jq -r '[.[].maddr[].address // empty] | join(" ")' <<<"$output")" "ip -j maddr"

# Datagrams: the kernel's reach us if we have joined, ours reach the kernel's programs, and an echo its members.
count_of() { smol stats host -j -a | jq "[.interfaces[] | select(.ifname == \"eth0\") | .drops[] | select(.reason == \"$1\") | .count] | add"; }
grew() { (($(count_of "$1") > $2)); }
before=$(count_of no_socket)
in_peer python3 "$work/say.py" 239.1.2.3
wait_for 2 grew no_socket "$before"
before=$(count_of not_for_us)
in_peer python3 "$work/say.py" 239.9.9.9
wait_for 2 grew not_for_us "$before"
in_peer sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
run smol ping host 239.1.2.3 -c 1 -W 2 -I eth0
assert_contains "$output" 'from 10.1.1.9' "an echo to a group that the kernel has joined"
run in_peer ping -c 1 -W 0.3 -I eth0 239.1.2.3
assert_lacks "$output" 'from 10.1.1.2' "an echo to a group that we ignore"
smol sysctl host net.ipv4.icmp_echo_ignore_broadcasts=0 >/dev/null
run in_peer ping -c 1 -W 2 -I eth0 239.1.2.3
assert_contains "$output" 'from 10.1.1.2' "an echo to a group that we answer"

# An older querier: whoever has a group alone reports it, and says goodbye to the routers.
smol ip host maddr add 239.8.8.8 dev eth0
query 2 5 0.0.0.0
wait_for 5 said 10.1.1.2 239.8.8.8 'igmp v2 report 239.8.8.8'
smol ip host maddr del 239.8.8.8 dev eth0
wait_for 5 said 10.1.1.2 224.0.0.2 'igmp leave 239.8.8.8'

end_capture "$work/seen"
assert_lacks "$output" 'bad|cksum|invalid|\[\|' "what tcpdump thinks of it"
stop_node host
