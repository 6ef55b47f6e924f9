"""The table that people read, 100 columns wide. Nothing here touches the system."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """What a figure is: its key in the JSON, its words, and how it is printed."""

    key: str
    title: str
    unit: str
    scale: float = 1.0
    digits: int = 1

    def spell(self, value):
        return "-" if value is None else f"{value * self.scale:,.{self.digits}f}"


MEASURES = (
    Measure("udp_pps", "64-byte UDP at overload", "1000 packets/s", 1e-3),
    Measure("udp_cpu_us", "  CPU time of the router", "us/packet", 1, 3),
    Measure("udp_user_us", "  of it in user mode", "us/packet", 1, 3),
    Measure("udp_system_us", "  of it in the kernel", "us/packet", 1, 3),
    Measure("tcp1_bps", "TCP, one stream", "Gbit/s", 1e-9, 2),
    Measure("tcp4_bps", "TCP, four streams", "Gbit/s", 1e-9, 2),
    Measure("flood_rtt_us", "ping -f, average round trip", "us"),
    Measure("flood_lost", "  of it lost", "%", 100, 3),
    Measure("idle_rtt_us", "ping at rest, average round trip", "us"),
    Measure("rss_kib", "resident memory", "MiB", 1 / 1024, 2),
    Measure("own_kib", "  of its own (RssAnon)", "MiB", 1 / 1024, 2),
    Measure("wakeups", "wake-ups at rest", "1/s", 1, 2),
)

MEMORY = Measure("ns", "in memory", "ns")


def spell_ratio(value):
    return "-" if value is None else f"{value:.2f}"


def row(name, figures, measure):
    cells = [measure.spell(figures[key]) for key in ("min", "median", "max")]
    ratio = spell_ratio(figures.get("ratio"))
    return f"  {name:42}{cells[0]:>12}{cells[1]:>12}{cells[2]:>12}{ratio:>9}  {figures.get('note', '')}"


def heading(title):
    return f"{title:44}{'min':>12}{'median':>12}{'max':>12}{'ratio':>9}"


def throughput_lines(measures):
    """One block a measure, one line a rival; a measure without figures is left out."""
    for measure in MEASURES:
        rivals = measures.get(measure.key, {})
        if not rivals:
            continue
        yield heading(f"{measure.title}, {measure.unit}")
        for name, figures in rivals.items():
            yield row(name, figures, measure).rstrip()


def memory_lines(groups):
    """One block for each thing that was timed, one line for each who did it."""
    for group, rivals in groups.items():
        yield heading(f"{group}, ns")
        for name, figures in rivals.items():
            yield row(name, figures, MEMORY).rstrip()


def spell_time(nanoseconds):
    for unit, size in (("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= 10 * size:
            return f"{nanoseconds / size:,.1f} {unit}"
    return f"{nanoseconds:.1f} ns"


def single_lines(benchmarks, groups):
    """Those that have no rival: their parts are in no group's name together with who did it."""
    paired = {frozenset([*group.split("/"), who]) for group, rivals in groups.items() for who in rivals}
    for name, figures in benchmarks.items():
        parts = ["ours" if part == "smolstack" else part for part in name.split("/")]
        if frozenset(parts) not in paired:
            cells = [spell_time(figures[key]) for key in ("min", "median", "max")]
            yield f"  {name:50.50}" + "".join(f"{cell:>12}" for cell in cells)


def target_lines(targets):
    for target in targets:
        verdict = "met" if target["met"] else "not met"
        yield f"  {target['what']:64}{target['is']:>8.2f}  {target['sign']} {target['limit']:<6g} {verdict}"


def render(report):
    """The whole report as text."""
    machine = report["machine"]
    lines = [f"{machine['cpu']}, {machine['cpus']} processors, Linux {machine['kernel']}, "
             f"load average {machine['load']}"]
    throughput = report.get("throughput")
    if throughput:
        lines += ["", f"Between two TAPs, {throughput['rounds']} rounds in turns; {throughput['pinning']}"]
        lines += ["ratio: to the copier of its kind, the median over the rounds", ""]
        lines += throughput_lines(throughput["measures"])
        lines += [f"  {note}" for note in throughput["notes"]]
    if report.get("memory"):
        lines += ["", "In memory, no system calls; ratio: to ours", ""]
        lines += memory_lines(report["memory"])
    singles = list(single_lines(report.get("benchmarks", {}), report.get("memory", {})))
    if singles:
        lines += ["", f"{'In memory, without rivals':52}{'min':>12}{'median':>12}{'max':>12}", *singles]
    if report.get("targets"):
        lines += ["", "Targets", *target_lines(report["targets"])]
    return "\n".join(lines) + "\n"
