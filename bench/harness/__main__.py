"""scripts/bench calls this; `--help` says how."""

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from . import measures, memory, table, throughput
from .chart import draw
from .figures import Unreadable
from .namespaces import Trouble

INSIDE = "SMOL_BENCH_INSIDE"
PARTS = ("memory", "fib", "throughput")


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures smolstack beside its rivals and prints one table.",
        epilog="docs/performance.md says what each figure is, and what the JSON file holds.")
    parser.add_argument("parts", nargs="*", metavar="PART",
                        help="memory, fib, throughput; `report` prints the JSON file again; all, unless named")
    parser.add_argument("--rounds", type=int, help="5, with --quick 3")
    parser.add_argument("--quick", action="store_true", help="short rounds: a look, not a result")
    parser.add_argument("--tiny", action="store_true", help="rounds that only show that it works")
    parser.add_argument("--rivals", metavar="A,B", help="only these, between TAPs")
    parser.add_argument("--measures", metavar="A,B", help=f"only these of {','.join(measures.NAMES)}")
    parser.add_argument("--no-pin", action="store_true", help="leaves each program to the scheduler")
    parser.add_argument("--filter", default=".", metavar="REGEX", help="only these of the benchmarks in memory")
    parser.add_argument("--json", default="build/bench.json", metavar="FILE", help="build/bench.json")
    parser.add_argument("--svg", metavar="FILE", help="draws the chart, too")
    parser.add_argument("--build", default="build/release", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.parts) - {*PARTS, "report"}
    if unknown:
        parser.error(f"unknown part {' '.join(sorted(unknown))}; there are {', '.join(PARTS)} and report")
    if options.rounds is not None and not 1 <= options.rounds <= 100:
        parser.error("--rounds wants 1 to 100")
    unknown = set(split(options.measures) or ()) - set(measures.NAMES)
    if unknown:
        parser.error(f"unknown measure {' '.join(sorted(unknown))}; there are {', '.join(measures.NAMES)}")
    options.rounds = options.rounds or (1 if options.tiny else 3 if options.quick else 5)
    return options


def split(text):
    return text.split(",") if text else None


def machine():
    cpu = "?"
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        cpu = models[0] if models else cpu
    return {"cpu": cpu, "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load": f"{os.getloadavg()[0]:.1f}"}


def in_own_namespaces():
    """Runs the throughput part once more as process 1 of namespaces of its own: whatever it started
    ends with it, however it ends. An ordinary user becomes root of a user namespace."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    words = ["unshare", *user, "--net", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        raise Trouble("namespaces of one's own are refused here; run it as root, or allow user namespaces: "
                      "sysctl kernel.unprivileged_userns_clone=1")
    with tempfile.TemporaryDirectory() as work:
        inside = subprocess.Popen([*words, sys.executable, "-m", "harness", *sys.argv[1:]], text=True,
                                  env={**os.environ, INSIDE: "1", "TMPDIR": work}, stdout=subprocess.PIPE)
        try:
            output, _ = inside.communicate()
        except BaseException:
            # Its child, process 1 of the namespaces, goes with it, and all others with that one.
            inside.kill()
            inside.wait()
            raise
    if inside.returncode != 0:
        sys.exit(inside.returncode)
    return json.loads(output)


def measure_throughput(options):
    length = throughput.TINY if options.tiny else throughput.QUICK if options.quick else throughput.FULL
    return throughput.measure(options.build, options.rounds, length, split(options.rivals),
                              split(options.measures), not options.no_pin)


def measure_all(options):
    parts = options.parts or PARTS
    report = {"schema": 1, "machine": machine(), "targets": []}
    if "memory" in parts or "fib" in parts:
        report["memory"], report["benchmarks"] = memory.measure(
            options.build, parts, options.filter, options.rounds, options.quick or options.tiny)
        report["targets"] += memory.memory_targets(report["memory"])
    if "throughput" in parts:
        report["throughput"] = in_own_namespaces()
        report["targets"] = report["throughput"].pop("targets") + report["targets"]
    return report


def report_again(options):
    try:
        return json.loads(Path(options.json).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Trouble(f"reading {options.json}: {error}; measure first: scripts/bench") from error


def main():
    options = arguments()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.environ.get(INSIDE):
        json.dump(measure_throughput(options), sys.stdout)
        return
    report = report_again(options) if options.parts == ["report"] else measure_all(options)
    if options.parts != ["report"]:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table.render(report))
    if options.svg:
        Path(options.svg).write_text(draw(report), encoding="utf-8")
    print(f"\nall figures: {options.json}" + (f"; chart: {options.svg}" if options.svg else ""))


if __name__ == "__main__":
    try:
        main()
    except (Trouble, Unreadable) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
