"""The rounds: every rival is up all the time, and each measure goes round them in turns."""

import os
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from . import figures, measures
from .namespaces import Trouble
from .rivals import Course, all_rivals
from .targets import throughput_targets


@dataclass(frozen=True)
class Length:
    """How long each measure takes in one round: seconds, or pings."""

    udp: float
    tcp: int
    pings: int
    rest_pings: int
    settle: float
    idle: float


FULL = Length(udp=2, tcp=3, pings=10000, rest_pings=40, settle=12, idle=10)
QUICK = Length(udp=0.5, tcp=1, pings=2000, rest_pings=10, settle=2, idle=2)
TINY = Length(udp=0.1, tcp=1, pings=200, rest_pings=3, settle=0.2, idle=0.2)


@dataclass(frozen=True)
class Cpus:
    """Which processors the router, the sender and the receiver run on; None: any."""

    router: set
    client: set
    server: set
    words: str


def choose_cpus(available, pin=True):
    """The router alone on one; the ends on others, or on the other."""
    if not pin:
        return Cpus(None, None, None, "nothing is pinned")
    first, *others = sorted(available)
    if not others:
        return Cpus(None, None, None, "one processor: nothing is pinned")
    client, server = ({others[0]}, {others[1]}) if len(others) > 1 else ({others[0]}, {others[0]})
    shared = "shared by both ends" if client == server else f"sender, {min(server)} receiver"
    return Cpus({first}, client, server, f"router on processor {first}, {min(client)} {shared}")


@dataclass(frozen=True)
class Tools:
    blaster: str
    sink: str


def require_programs(names):
    """Of what was left out nothing is needed."""
    needed = {"ip": "iproute2", "nsenter": "util-linux", "unshare": "util-linux", "ping": "iputils-ping"}
    if "udp" in names:
        needed["nft"] = "nftables"
    if {"tcp1", "tcp4"} & set(names):
        needed["iperf3"] = "iperf3"
    missing = {package for program, package in needed.items() if not shutil.which(program)}
    if missing:
        raise Trouble(f"missing: {' '.join(sorted(missing))}; get them with: scripts/bootstrap bench")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise Trouble("/dev/net/tun may not be opened; as root: modprobe tun; chmod 0666 /dev/net/tun")


def choose_rivals(build, names):
    rivals = all_rivals(build)
    known = [rival.name for rival in rivals]
    unknown = set(names or ()) - set(known)
    if unknown:
        raise Trouble(f"no rival {' '.join(sorted(unknown))} here; there are {' '.join(known)}")
    return [rival for rival in rivals if (rival.name in names if names else not rival.asked)]


def say(text):
    print(text, file=sys.stderr, flush=True)


class Rounds:
    """Figures by measure and rival, a list with an entry a round."""

    def __init__(self, rivals):
        self.rivals = rivals
        self.figures = defaultdict(lambda: {rival.name: [] for rival in rivals})
        self.failures = []
        self.disturbed = defaultdict(list)

    def add(self, name, number, found):
        disturbed = found.pop("disturbed", 0)
        if disturbed > measures.DISTURBED:
            self.disturbed[name].append(disturbed)
        for key, value in found.items():
            rounds = self.figures[key][name]
            rounds += [None] * (number - len(rounds)) + [value]

    def notes(self):
        """What people must know of these figures, a line each."""
        lines = [f"{name} did not run in up to {max(shares):.0%} of its UDP window ({len(shares)} disturbed): other "
                 "programs were busy" for name, shares in self.disturbed.items()]
        starved = [name for name, rounds in self.figures.get("udp_pps", {}).items() if None in rounds]
        if starved:
            lines.append(f"the sender was starved, so packets a second are missing of: {' '.join(starved)}")
        return lines + self.failures

    def result(self):
        """For the report: a summary and a ratio for each measure and rival."""
        return {key: self._of(by_rival) for key, by_rival in self.figures.items()}

    def _of(self, by_rival):
        found = {}
        for rival in self.rivals:
            figures_of_it = figures.summary(by_rival[rival.name])
            if figures_of_it:
                figures_of_it["ratio"] = figures.ratio(by_rival[rival.name], by_rival.get(rival.base, []))
                found[rival.name] = figures_of_it
        return found


def set_up(rivals, cpus, work, tools):
    courses = []
    try:
        for number, rival in enumerate(rivals):
            courses.append(Course(rival, number, cpus, work))
            measures.check_path(courses[-1], tools)
    except BaseException:
        tear_down(courses)
        raise
    return courses


def tear_down(courses):
    for course in courses:
        course.end()


def one_round(number, courses, names, tools, length, rounds):
    """Each measure goes round all rivals, in another order each time."""
    order = random.Random(number)
    for name in [name for name in measures.ROUND if name in names]:
        for course in order.sample(courses, len(courses)):
            try:
                found = measures.ROUND[name](course, tools, length)
            except (Trouble, figures.Unreadable) as error:
                rounds.failures.append(f"round {number + 1}: {course.rival.name}, {name}: {error}")
                continue
            rounds.add(course.rival.name, number, found)


def measure(build, count, length, rival_names=None, measure_names=None, pin=True):
    """Runs inside namespaces of its own; see __main__."""
    names = measure_names or measures.NAMES
    require_programs(names)
    rivals = choose_rivals(build, rival_names)
    cpus = choose_cpus(os.sched_getaffinity(0), pin)
    programs = Path(build) / "bench/throughput"
    tools = Tools(str(programs / "udp_blaster"), str(programs / "udp_sink"))
    rounds = Rounds(rivals)
    with tempfile.TemporaryDirectory() as work:
        courses = set_up(rivals, cpus, Path(work), tools)
        try:
            for number in range(count):
                say(f"bench: round {number + 1} of {count}: {' '.join(rival.name for rival in rivals)}")
                one_round(number, courses, names, tools, length, rounds)
            if "idle" in names:
                for name, found in measures.idleness(courses, length).items():
                    rounds.add(name, 0, found)
        finally:
            tear_down(courses)
    result = rounds.result()
    return {"rounds": count, "pinning": cpus.words, "measures": result, "notes": rounds.notes(),
            "targets": throughput_targets(result)}
