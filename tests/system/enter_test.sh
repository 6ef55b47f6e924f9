# exec, hop and the other verbs on machines of labs by name, from outside. The machines are namespaces with a socket
# and nobody behind it: what they would answer is not asked here.
. "$(dirname "$0")/support.sh"
command -v python3 >/dev/null || lacking python3

# machine LAB NAME: a process that is the first of its namespaces, and holds the control socket.
machine() {
  local socket=$work/run/$1/$2.sock
  mkdir -p "$work/run/$1"
  unshare --net --mount --pid --uts --fork --kill-child --mount-proc python3 -c '
import socket, sys
socket.sethostname(sys.argv[1])
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[2])
listener.listen(64)
while True: listener.accept()' "$2" "$socket" >"$work/$1-$2.log" 2>&1 &
  node_pid[$1/$2]=$!
  wait_for 5 test -S "$socket"
}
answers() { smol exec "$1" -- true; }

machine seed lab
machine seed client
machine seed server
for name in host client server; do wait_for 5 answers "$name"; done

run smol exec server -- uname -n
assert_equal "0 server" "$code $output" "a command on one machine"
run smol exec server -- sh -c 'exit 7'
assert_equal 7 "$code" "its exit code"
run smol exec server -- no-such-program
assert_equal 127 "$code" "a program that is not there"
run env PATH="/root:$PATH" "$SMOLSTACK" exec server -- no-such-program
assert_equal 127 "$code" "a program that is not there, where a directory of PATH is closed to us"
run smol exec server --timeout 0.1 -- sleep 60
assert_equal 124 "$code" "a program whose time is up"
run smol exec nobody -- true
assert_equal 125 "$code" "a machine that is not there"
assert_contains "$output" 'running are: seed/client, seed/server' "a machine that is not there"
run smol exec server --
assert_equal 125 "$code" "no command"
run smol exec server -- tcpdump --version
assert_equal 0 "$code" "a program of /usr/sbin"

# Without the dashes what stands behind the machine is the program's too.
run smol exec server ip -br link
assert_contains "$output" '^lo +DOWN' "options of the program"

output=$(echo 'from outside' | smol exec server -- cat)
assert_equal 'from outside' "$output" "stdin of one machine"

run smol exec server,client -- uname -n
assert_equal "client | client
server | server" "$(sort <<<"$output")" "several machines"
run smol exec --all -- sh -c '[ $HOSTNAME = client ] || exit 3'
assert_equal 3 "$code" "the exit code of several"
run smol exec --json server,host -- uname -n
assert_equal '["server",0,"server\n","host",0,"lab\n"]' "$(jq -sc 'map(.node, .exit, .stdout)' <<<"$output")" "--json"

output=$(echo 'uname -n; exit 5' | smol hop server) && code=0 || code=$?
assert_equal "5 server" "$code $output" "a shell that reads its commands"
ln -s "$SMOLSTACK" "$work/hopon"
assert_equal client "$(echo 'uname -n' | "$work/hopon" client)" "hopon"

# With a terminal: the prompt names the machine, Ctrl-C and Ctrl-Z go where they belong.
run python3 - "$SMOLSTACK" <<'PYTHON'
import os, pty, re, select, sys, time

pid, terminal = pty.fork()
if pid == 0:
    os.environ["PS1"] = "outer> "
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
seen = ""

def expect(pattern):
    global seen
    deadline = time.monotonic() + 10
    while not (found := re.search(pattern, seen)):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            sys.exit(f"in vain waited for {pattern!r} in {seen!r}")
        seen += os.read(terminal, 4096).decode(errors="replace")
    seen = seen[found.end():]
    return found[0]

def type(text):
    os.write(terminal, text.encode())

expect("outer> ")
type(f"{sys.argv[1]} hop server\n")
expect("root@server:[^\n]*# ")
type("sh -c 'echo star\"\"ted; exec sleep 60'\n")
expect("started")
type("\x03")
expect("root@server:[^\n]*# ")
type("echo code $?\n")
expect("code 130")
type("sh -c 'echo star\"\"ted; exec sleep 60'\n")
expect("started")
type("\x1a")
expect("Stopped")
type("suspend\n")
expect(r"Stopped.*hop server[^$]*outer> ")
type("fg\n")
expect("hop server")
type("kill -KILL %1; exit 6\n")
# Whether the shell has noticed by then that its job is dead is left to chance.
if expect(r"stopped jobs|outer> ") == "stopped jobs":
    type("exit 6\n")
    expect("outer> ")
type("echo left $?\n")
expect("left 6")
type(f"{sys.argv[1]} exec server -- sh -c 'trap \"exit 9\" INT; echo star\"\"ted; sleep 60 & wait'\n")
expect("started")
type("\x03")
expect("outer> ")
type("echo left $?\n")
expect("left 9")
type("exit\n")
PYTHON
assert_equal 0 "$code" "a terminal: $output"

# What changes a machine is done to its kernel.
run smol ip server link set lo up
assert_equal 0 "$code" "ip link set: $output"
run smol exec server -- ip -br link show lo
assert_contains "$output" '^lo +UNKNOWN .*<LOOPBACK,UP' "the kernel's link"
run smol ip seed/server route add 10.9.0.0/16 via 10.1.1.1
assert_equal 2 "$code" "a gateway that is nowhere: $output"

# Two labs with machines of the same name.
machine other lab
machine other server
run smol exec server -- true
assert_contains "$output" 'several labs: other, seed; say other/server' "a name that several have"
assert_equal server "$(smol exec other/server -- uname -n)" "LAB/NODE"
run env SMOLSTACK_LAB=seed "$SMOLSTACK" exec server -- true
assert_equal 0 "$code" "SMOLSTACK_LAB"
run smol exec --lab seed --all -- uname -n
assert_equal "client | client
server | server" "$(sort <<<"$output")" "all of one lab"

# A machine that ends while a program runs on it.
smol exec other/server -- sh -c 'touch "$0"; sleep 60' "$work/runs" >"$work/ended" 2>&1 &
waiting=$!
wait_for 5 test -e "$work/runs"
pkill -KILL -P "${node_pid[other/server]}"
wait "$waiting" && code=0 || code=$?
assert_equal 125 "$code" "a machine that ends"
assert_contains "$(cat "$work/ended")" 'server ended while `sh` ran on it' "a machine that ends"
