# Without sockets every port is closed, and says so: nmap's scans, and programs that are refused.
. "$(dirname "$0")/support.sh"

network one
ip addr add 10.1.1.1/24 dev one
start_node node node --tap tap-node --ifname eth0 --ip 10.1.1.2/24
plug_in tap-node one
wait_for 5 ping -c 1 -W 1 10.1.1.2

scan() { run nmap -n --disable-arp-ping -Pn --max-retries 2 "$@" 10.1.1.2; }

run nmap -n -sn -PR 10.1.1.2
assert_contains "$output" "^MAC Address: 02:42:0A:01:01:02" "nmap -sn -PR"
run nmap -n -sn -PE 10.1.1.2 --disable-arp-ping --reason
assert_contains "$output" "Host is up, received echo-reply ttl 64" "nmap -sn -PE"
scan -sT --top-ports 200
assert_contains "$output" "200 closed tcp ports \(conn-refused\)" "nmap -sT"
scan -sS --top-ports 200
assert_contains "$output" "200 closed tcp ports \(reset\)" "nmap -sS"
scan -sA -p 1-50
assert_contains "$output" "50 unfiltered tcp ports \(reset\)" "nmap -sA"
# Ten at most: a destination gets ten errors a second, and a scan should be over soon.
scan -sU -p 53,67,123,161,500
assert_contains "$output" "^53/udp +closed" "nmap -sU"
assert_equal 5 "$(grep -c '/udp *closed' <<<"$output")" "closed ports: $output"
scan -sO -p 1,6,17,41,50
assert_contains "$output" "^1 +open +icmp" "nmap -sO, a protocol that is spoken"
assert_contains "$output" "^41 +closed +ipv6" "nmap -sO, a protocol that is not spoken"
assert_contains "$output" "^50 +closed +esp" "nmap -sO, a protocol that is not spoken"

# The programs of this machine learn it at once.
run python3 - <<'END'
import socket, time
began = time.monotonic()
tcp = socket.socket()
try:
    tcp.connect(("10.1.1.2", 80))
except ConnectionRefusedError:
    print("TCP refused")
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(2)
udp.connect(("10.1.1.2", 4000))
udp.send(b"anyone?")
try:
    udp.recv(1)
except ConnectionRefusedError:
    print("UDP refused")
print("at once" if time.monotonic() - began < 1 else "late")
END
assert_equal "TCP refused
UDP refused
at once" "$output" "closed ports, as programs see them"
