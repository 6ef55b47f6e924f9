"""What is measured of one rival: each takes its course and gives figures by their keys."""

import time

from . import figures
from .namespaces import Trouble, run, wait_until
from .rivals import CLIENT_MAC, SERVER

PORT = "9"
WARM_UP = 0.3
TRIES = 4  # for a window in which other programs took the router's processor
DISTURBED = 0.05  # the share of a window in which an overloaded router may not have run

DROP_AT_INGRESS = """
add table netdev bench
add chain netdev bench ingress { type filter hook ingress device %s priority 0; policy drop; }
add rule netdev bench ingress meta protocol arp accept
"""


def check_path(course, tools):
    """A hundred datagrams must arrive, their TTL lower by the router's one hop."""
    course.client.run("ping", "-c", "3", "-i", "0.2", "-w", "5", "-q", SERVER)
    sink = course.server.start(tools.sink, "--port", PORT, "--seconds", "5", "--count", "100",
                               cpus=course.cpus.server)
    try:
        sink.process.stdout.readline()
        blast(course, tools, seconds=5, count=100)
        said = sink.finish(10)
    finally:
        sink.stop()
    ttl = 64 - course.rival.hops
    if f'"received": 100, "ttl": {ttl}}}' not in said:
        raise Trouble(f"{course.rival.name} does not forward: of 100 datagrams with TTL {ttl} came {said.strip()}")


def blaster_words(course, tools, seconds, count):
    words = [tools.blaster, "--device", course.near, "--gateway-mac", course.gateway_mac(),
             "--port", PORT, "--seconds", f"{seconds:g}"]
    return words + (["--count", str(count)] if count else [])


def blast(course, tools, seconds, count=None):
    return course.client.run(*blaster_words(course, tools, seconds, count), cpus=course.cpus.client,
                             seconds=seconds + 10)


def sample(course):
    """What was received so far, and what the router has used for it."""
    found = {"packets": figures.received_packets(course.server.net_file("dev"), course.far)}
    if course.program:
        found["ran_ns"], found["waited_ns"] = figures.schedstat(course.program.proc("schedstat"))
        found["user_ticks"], found["system_ticks"] = figures.cpu_ticks(course.program.proc("stat"))
    found["seconds"] = time.monotonic()
    return found


def overload_window(course, tools, seconds):
    """One window under overload. What arrives is counted by the device and ended there."""
    blaster = course.client.start(*blaster_words(course, tools, seconds + 2 * WARM_UP, None),
                                  cpus=course.cpus.client)
    try:
        time.sleep(WARM_UP)
        before = sample(course)
        time.sleep(seconds)
        after = sample(course)
        blaster.finish(seconds + 10)
    finally:
        blaster.stop()
    return figures.udp_figures(before, after)


def udp(course, tools, length):
    """The undisturbed window among a few, else the one that was disturbed least."""
    course.server.run("nft", (DROP_AT_INGRESS % course.far).strip())
    try:
        windows = []
        while len(windows) < TRIES and (not windows or windows[-1].get("disturbed", 0) > DISTURBED):
            windows.append(overload_window(course, tools, length.udp))
    finally:
        course.server.run("nft", "delete", "table", "netdev", "bench")
    return min(windows, key=lambda window: window.get("disturbed", 0))


def tcp(course, tools, length, streams):
    server = course.server.start("iperf3", "-s", "-1", cpus=course.cpus.server)
    try:
        wait_until("the iperf3 server", lambda: ":1451 " in course.server.net_file("tcp6")
                   or ":1451 " in course.server.net_file("tcp"))
        said = course.client.run("iperf3", "-c", SERVER, "-P", str(streams), "-t", str(length.tcp), "--json",
                                 cpus=course.cpus.client, seconds=length.tcp + 20)
    finally:
        server.stop()
    return {f"tcp{streams}_bps": figures.iperf_result(said)}


def flood(course, tools, length):
    said = course.client.run("ping", "-f", "-q", "-c", str(length.pings), "-w", "20", SERVER,
                             cpus=course.cpus.client)
    result = figures.ping_result(said)
    return {"flood_rtt_us": result["rtt_us"], "flood_lost": result["lost"]}


def rest(course, tools, length):
    """Pings far enough from each other for everybody to go to sleep between them."""
    said = course.client.run("ping", "-q", "-i", "0.05", "-c", str(length.rest_pings), "-w", "20", SERVER,
                             cpus=course.cpus.client)
    return {"idle_rtt_us": figures.ping_result(said)["rtt_us"]}


def idleness(courses, length):
    """Memory after all that traffic, and how often each router wakes up when there is none."""
    courses = [course for course in courses if course.program]
    time.sleep(length.settle)
    before = [switches(course) for course in courses]
    time.sleep(length.idle)
    found = {}
    for course, count in zip(courses, before):
        status = course.program.proc("status")
        found[course.rival.name] = {
            "rss_kib": figures.status_field(status, "VmRSS"),
            "own_kib": figures.status_field(status, "RssAnon"),
            "wakeups": (switches(course) - count) / length.idle,
        }
    return found


def switches(course):
    status = course.program.proc("status")
    return (figures.status_field(status, "voluntary_ctxt_switches")
            + figures.status_field(status, "nonvoluntary_ctxt_switches"))


ROUND = {
    "udp": udp,
    "tcp1": lambda course, tools, length: tcp(course, tools, length, 1),
    "tcp4": lambda course, tools, length: tcp(course, tools, length, 4),
    "flood": flood,
    "rest": rest,
}
NAMES = (*ROUND, "idle")
