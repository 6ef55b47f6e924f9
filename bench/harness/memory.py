"""The benchmarks in memory: runs the programs of Google Benchmark and pairs ours with the rivals'."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import figures
from .namespaces import Trouble
from .targets import memory_targets

__all__ = ["measure", "memory_targets", "groups", "benchmarks"]

UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
PROGRAMS = {
    "memory": ("bench/smol_bench", "bench/rivals/smol_forward_rivals", "bench/rivals/smol_checksum_rivals"),
    "fib": ("bench/rivals/smol_fib_rivals", "bench/smol_fib_rivals"),
}
# The part of a name that says who: the other parts are what is done, and with which arguments.
WHO = re.compile(r"^(ours|smolstack|rte_\w+|lwip\w*|kernel\w*)$")
ARGUMENT_NAME = re.compile(r"/\w+:")


def nanoseconds(run):
    """For one packet, lookup or update, where the benchmark counts them; else for one iteration. CPU time: other
    programs disturb it less."""
    for key, value in run.items():
        if key.startswith("ns_per_"):
            return value
    if "updates" in run:
        return 1e9 / run["updates"]
    return run["cpu_time"] * UNITS[run.get("time_unit", "ns")]


def benchmarks(report):
    """Of a Google Benchmark report: the figures of all repetitions by name."""
    found = {}
    for run in report.get("benchmarks", []):
        if run.get("run_type") == "aggregate":
            continue
        name = ARGUMENT_NAME.sub("/", run.get("run_name", run["name"]))
        name = re.sub(r"/(?:min_time|repeats|real_time|process_time)(?::[^/]*)?", "", name)
        if run.get("error_occurred") or "error_message" in run:
            raise Trouble(f"the benchmark {name} failed: {run.get('error_message', 'for no reason that it told')}")
        found.setdefault(name, []).append(nanoseconds(run))
    return found


def groups(by_name):
    """The benchmarks that have rivals: {what/arguments: {who: summary}}, ours first."""
    found = {}
    for name, rounds in by_name.items():
        parts = name.split("/")
        who = next((part for part in parts if WHO.match(part)), None)
        if who:
            parts.remove(who)
            rivals = found.setdefault("/".join(parts), {})
            rivals["ours" if who == "smolstack" else who] = figures.summary(rounds)
    return {group: with_ratios(found[group]) for group in sorted(found, key=natural_order)}


def natural_order(name):
    """Words as words and numbers as numbers: the benchmarks ran in random order."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in name.split("/")]


def with_ratios(rivals):
    order = sorted(rivals, key=lambda who: (who != "ours", who))
    ours = rivals.get("ours")
    for figures_of_it in rivals.values():
        figures_of_it["ratio"] = figures_of_it["median"] / ours["median"] if ours and ours["median"] else None
    return {who: rivals[who] for who in order}


def run_program(program, regex, rounds, quick):
    print(f"bench: {program.name}", file=sys.stderr, flush=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        words = [str(program), f"--benchmark_filter={regex}", f"--benchmark_repetitions={rounds}",
                 "--benchmark_enable_random_interleaving=true",
                 f"--benchmark_min_time={0.02 if quick else 0.2}",
                 f"--benchmark_out={out.name}", "--benchmark_out_format=json"]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"{program.name} failed: {done.stderr.strip()[-300:]}")
        text = Path(out.name).read_text(encoding="utf-8")
    # Where the regular expression matches nothing there is no report.
    return benchmarks(json.loads(text)) if text.strip() else {}


def measure(build, parts, regex, rounds, quick):
    """The groups with rivals, and every benchmark by itself."""
    by_name = {}
    for part in ("memory", "fib"):
        for name in PROGRAMS[part] if part in parts else ():
            program = Path(build) / name
            if program.exists():
                by_name |= run_program(program, regex, rounds, quick)
    names = sorted(by_name, key=natural_order)
    return groups(by_name), {name: figures.summary(by_name[name]) for name in names}
