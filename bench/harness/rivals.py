"""Who forwards between two namespaces, and how each is started."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .namespaces import Namespace, Program, run, wait_until

CLIENT, SERVER = "10.1.1.2", "10.1.2.2"
NEAR, FAR = "10.1.1.3", "10.1.2.3"  # the router's addresses towards client and server
CLIENT_MAC, SERVER_MAC = "02:42:0a:01:01:02", "02:42:0a:01:02:02"


@dataclass(frozen=True)
class Rival:
    """`words` makes the command line of its process from the two TAPs; none: the kernel itself."""

    name: str
    base: str  # whom its ratios compare it to
    hops: int  # by how much the TTL goes down
    words: object = None
    ready: str = ""  # what it says when it no longer touches its TAPs but to read and write
    asked: bool = False  # takes part only when it is asked for by name


def knows_no_offload(smolstack):
    """Has this build of ours offloads that can be switched off?"""
    said = subprocess.run([smolstack, "router", "--help"], capture_output=True, text=True, check=False)
    return "--no-offload" in said.stdout


def all_rivals(build):
    """Every rival that is built, the yardsticks first."""
    programs = Path(build) / "bench/throughput"
    smolstack = str(Path(build) / "tools/smolstack")
    copier = str(programs / "tap_copier")
    lwip = programs / "lwip_router"
    ours = [smolstack, "router", "--name", "bench"]

    def router(*flags):
        return lambda a, b: [*ours, *flags, "--tap", a, "--ip", f"{NEAR}/24", "--tap", b, "--ip", f"{FAR}/24"]

    found = [Rival("copier", "copier", 0, lambda a, b: [copier, "--tap", a, b])]
    offloads = knows_no_offload(smolstack)
    found.append(Rival("smolstack", "copier", 1, router(*["--no-offload"] * offloads), "ready"))
    if lwip.exists():
        found.append(Rival("lwip", "copier", 1, lambda a, b: [
            str(lwip), "--tap", a, b, "--ip", f"{NEAR}/24", f"{FAR}/24"]))
    found.append(Rival("copier-offload", "copier-offload", 0, lambda a, b: [copier, "--offload", "--tap", a, b]))
    if offloads:
        found.append(Rival("smolstack-offload", "copier-offload", 1, router(), "ready"))
    found.append(Rival("kernel", "copier-offload", 1))
    found.append(Rival("copier-spin", "copier", 0, lambda a, b: [copier, "--spin", "--tap", a, b], asked=True))
    found.append(Rival("copier-uring", "copier", 0, lambda a, b: [copier, "--uring", "--tap", a, b], asked=True))
    return found


class Course:
    """One rival between a client and a server of its own; up as long as this lives."""

    def __init__(self, rival, number, cpus, work):
        self.rival, self.cpus = rival, cpus
        self.near, self.far = f"near{number}", f"far{number}"
        self.client, self.server = Namespace(), Namespace()
        self.program = self.middle = None
        self.log = str(work / f"{rival.name}.log")
        try:
            self._start(work)
            self._address()
        except BaseException:
            self.end()
            raise

    def _start(self, work):
        if self.rival.words is None:
            return self._start_kernel()
        words = self.rival.words(self.near, self.far)
        self.program = Program(words, self.cpus.router, self.log,
                               {"SMOLSTACK_RUN_DIR": str(work / f"run-{self.near}")})
        wait_until(f"{self.rival.name} to be ready", self._says_ready)
        for tap, home in ((self.near, self.client), (self.far, self.server)):
            wait_until(f"the TAP {tap} of {self.rival.name}", lambda tap=tap: self._has_made(tap))
            run("ip", "link", "set", tap, "netns", str(home.holder.pid))
        return None

    def _says_ready(self):
        self.program.must_live()
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return self.rival.ready in file.read()

    def _has_made(self, tap):
        self.program.must_live()
        with open("/proc/self/net/dev", encoding="ascii") as file:
            return f"{tap}:" in file.read()

    def _start_kernel(self):
        self.middle = Namespace()
        for name, home, address in ((self.near, self.client, NEAR), (self.far, self.server, FAR)):
            run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}r")
            run("ip", "link", "set", name, "netns", str(home.holder.pid))
            run("ip", "link", "set", f"{name}r", "netns", str(self.middle.holder.pid))
            self.middle.run("ip", "addr", "add", f"{address}/24", "dev", f"{name}r")
            self.middle.run("ip", "link", "set", f"{name}r", "up")
        self.middle.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")

    def _address(self):
        for home, device, mac, address, gateway, network in (
                (self.client, self.near, CLIENT_MAC, CLIENT, NEAR, "10.1.2.0/24"),
                (self.server, self.far, SERVER_MAC, SERVER, FAR, "10.1.1.0/24")):
            home.run("ip", "link", "set", device, "address", mac)
            home.run("ip", "link", "set", device, "up")
            home.run("ip", "addr", "add", f"{address}/24", "dev", device)
            home.run("ip", "route", "add", network, "via", gateway)
        if self.rival.hops == 0:
            # What forwards nothing by address has no link address: the far end's stands in for it.
            self.client.run("ip", "neigh", "replace", NEAR, "lladdr", SERVER_MAC, "dev", self.near)
            self.server.run("ip", "neigh", "replace", FAR, "lladdr", CLIENT_MAC, "dev", self.far)

    def gateway_mac(self):
        return self.client.run("ip", "neigh", "show", NEAR).split("lladdr", 1)[1].split()[0]

    def end(self):
        if self.program:
            self.program.stop()
        for home in (self.client, self.server, self.middle):
            if home:
                home.end()
