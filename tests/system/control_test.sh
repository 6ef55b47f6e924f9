# Mad clients on the control socket while the kernel pings: the pings go on without loss.
. "$(dirname "$0")/support.sh"

start_node node node --tap tap-node --ip 10.1.1.2/24 --host-ip 10.1.1.1/24
wait_for 5 ping -c 1 -W 1 10.1.1.2
socket=$work/run/node.sock
assert_equal "600" "$(stat -c %a "$socket")" "mode of the socket"
memory() { awk '/VmRSS/ { print $2 }' "/proc/${node_pid[node]}/status"; }
before=$(memory)

ping -i 0.01 10.1.1.2 >"$work/ping" 2>&1 &
pinging=$!
wait_for 5 captured "$work/ping" "bytes from" 20

cat >"$work/mad.py" <<'END'
import json, socket, sys, time

def client():
    """A connection; when too many wait to be accepted, the next try may do."""
    deadline = time.monotonic() + 5
    while True:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(5)
        try:
            peer.connect(sys.argv[1])
            return peer
        except BlockingIOError:
            peer.close()
            if time.monotonic() > deadline:
                raise

def send(peer, data):
    """As much of it as is taken: a client that is cut off cannot send all."""
    try:
        peer.sendall(data)
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        pass

def lines(peer):
    """What comes until the other side closes."""
    text = b""
    try:
        while data := peer.recv(65536):
            text += data
    except ConnectionResetError:
        pass
    return [json.loads(line) for line in text.splitlines()]

def ask(peer, data):
    send(peer, data)
    return json.loads(peer.makefile().readline())

# Garbage is answered, line by line, and the client may go on.
peer = client()
for garbage in (b"\n", b"hello\n", b"[1,2]\n", b'{"command":7}\n', b'{"command":"ip","words":"x"}\n',
                b'{"command":"nothing"}\n', bytes(range(128, 256)) + b"\n", b"\0" * 100 + b"\n",
                b"[" * 5000 + b"\n"):
    answer = ask(peer, garbage)
    assert answer["exit"] == 2 and answer["error"], (garbage, answer)
send(peer, b'{"command":"ip","words":["-j","addr"]}\n')
reader = peer.makefile()
while "exit" not in (answer := json.loads(reader.readline())):
    pass
assert answer["exit"] == 0, answer

# A line of a megabyte is refused and the client cut off.
peer = client()
send(peer, b"x" * 1_000_000)
try:
    answers = lines(peer)
    assert all(answer["exit"] == 2 for answer in answers), answers
except TimeoutError:
    sys.exit("a client with an endless line is not cut off")

# Forty at once: 32 are served, the others are told so.
crowd = [client() for _ in range(40)]
turned_away = 0
for peer in crowd[34:]:
    answer = json.loads(peer.makefile().readline())
    assert "too many clients" in answer["error"], answer
    turned_away += 1
assert turned_away == 6
for peer in crowd:
    peer.close()

# Asks for much and never reads.
def ask_without_end(peer):
    peer.setblocking(False)
    request = b'{"command":"stats","words":["-a","-j"]}\n' * 50
    try:
        for _ in range(200):
            peer.send(request)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        pass

deaf = []
while len(deaf) < 10:
    deaf.append(client())
    ask_without_end(deaf[-1])

# Half a line, and gone; or gone with a ping running.
for _ in range(100):
    peer = client()
    peer.send(b'{"command":"ip","wor')
    peer.close()
for _ in range(20):
    peer = client()
    send(peer, b'{"command":"ping","words":["10.1.1.1","-i","0.01"]}\n')
    peer.close()

# One who behaves is served all the while.
peer = client()
peer.settimeout(5)
send(peer, b'{"command":"sysctl","words":["net.ipv4.ip_forward"]}\n')
assert peer.makefile().readline()
print("done")
END
run python3 "$work/mad.py" "$socket"
assert_equal "done" "$output" "the mad clients"

assert_contains "$(smol ip node addr)" "inet 10.1.1.2/24" "the node afterwards"
answered=$(grep -c 'bytes from' "$work/ping")
wait_for 5 captured "$work/ping" "bytes from" $((answered + 20))
kill -INT "$pinging"
wait "$pinging" || true
assert_contains "$(tail -n 3 "$work/ping")" " 0% packet loss" "pings meanwhile"
grown=$(($(memory) - before))
# A sanitizer keeps what was freed for a while, and would be measured in its stead.
ldd "$SMOLSTACK" | grep -q libasan || ((grown < 16384)) || die "the clients made it grow by $grown KiB"
descriptors=$(find "/proc/${node_pid[node]}/fd" -mindepth 1 | wc -l)
((descriptors < 40)) || die "$descriptors descriptors are open"
