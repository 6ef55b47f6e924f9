"""Medians, ratios, and the readers of what other programs print. Nothing here touches the system."""

import json
import re
import statistics


# The share of a window in which an overloaded router may have found nothing to do.
STARVED = 0.1


class Unreadable(Exception):
    """A program printed something else than what it should."""


def summary(rounds):
    """The least, the median and the greatest of the figures of all rounds; None where there is none."""
    known = [figure for figure in rounds if figure is not None]
    if not known:
        return None
    return {"min": min(known), "median": statistics.median(known), "max": max(known), "rounds": rounds}


def ratio(rounds, base_rounds):
    """The median of the ratios round by round: what disturbed a round disturbed both of it."""
    pairs = [(a, b) for a, b in zip(rounds, base_rounds) if a is not None and b]
    return statistics.median(a / b for a, b in pairs) if pairs else None


def ping_result(text):
    """Of `ping -q`: the average round trip in microseconds, and the share that was lost."""
    sent = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    times = re.search(r"= [\d.]+/([\d.]+)/[\d.]+/[\d.]+ ms", text)
    if not sent or not times:
        raise Unreadable(f"ping had no answers: {text.strip()[-200:]!r}")
    lost = 1 - int(sent[2]) / int(sent[1])
    return {"rtt_us": float(times[1]) * 1000, "lost": lost}


def iperf_result(text):
    """Of `iperf3 --json`: what the receiver got in bits a second."""
    try:
        report = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"iperf3 printed no JSON: {text.strip()[-200:]!r}") from error
    if "error" in report:
        raise Unreadable("iperf3: " + report["error"])
    return report["end"]["sum_received"]["bits_per_second"]


def received_packets(net_dev, device):
    """From /proc/PID/net/dev: the packets that came in by the device."""
    for line in net_dev.splitlines():
        name, colon, counters = line.partition(":")
        if colon and name.strip() == device:
            return int(counters.split()[1])
    raise Unreadable(f"there is no device {device}")


def cpu_ticks(stat):
    """From /proc/PID/stat: clock ticks in user and in system mode (proc(5), fields 14 and 15)."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def schedstat(text):
    """From /proc/PID/schedstat: nanoseconds on a processor, and waiting for one."""
    ran, waited = text.split()[:2]
    return int(ran), int(waited)


def status_field(status, name):
    """From /proc/PID/status: the number of a line."""
    found = re.search(rf"^{name}:\s+(\d+)", status, re.M)
    if not found:
        raise Unreadable(f"no line {name}")
    return int(found[1])


def udp_figures(before, after):
    """What a window of an overload was: two samples of `seconds`, `packets` and, where the router is a
    process, `ran_ns`, `waited_ns`, `user_ticks` and `system_ticks`. `disturbed` is the share of the
    window in which the router did not run: others had its processor, or the sender's."""
    change = {key: after[key] - before[key] for key in after}
    seconds, packets = change["seconds"], change["packets"]
    if "ran_ns" not in change or packets == 0:
        return {"udp_pps": packets / seconds}
    ran, waited = change["ran_ns"] / 1e9 / seconds, change["waited_ns"] / 1e9 / seconds
    # While it waits for a processor that others use, it could not have forwarded anything. Where it
    # slept, the sender was starved, and this was no overload.
    is_overload = 1 - ran - waited <= STARVED
    result = {"udp_pps": packets / seconds / (1 - waited) if is_overload and waited < 1 else None}
    result["disturbed"] = max(0.0, 1 - ran)
    result["udp_cpu_us"] = change["ran_ns"] / packets / 1000
    # The ticks are samples, so they only share out what the scheduler measured.
    ticks = change["user_ticks"] + change["system_ticks"]
    user = change["user_ticks"] / ticks if ticks else None
    result["udp_user_us"] = result["udp_cpu_us"] * user if ticks else None
    result["udp_system_us"] = result["udp_cpu_us"] * (1 - user) if ticks else None
    return result
