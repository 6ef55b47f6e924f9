"""The table, the chart, the targets, and the reader of Google Benchmark's reports."""

import unittest
from xml.dom import minidom

from harness import chart, memory, table, targets
from harness.figures import summary
from harness.namespaces import Trouble


def figures(*rounds, ratio=None):
    return summary(list(rounds)) | {"ratio": ratio}


def report():
    measures = {
        "udp_pps": {"copier": figures(500e3, 490e3, 510e3, ratio=1.0), "smolstack": figures(480e3, ratio=0.96)},
        "udp_cpu_us": {"copier": figures(2.0, ratio=1.0), "smolstack": figures(2.08, ratio=1.04)},
        "tcp1_bps": {"smolstack": figures(2.4e9, ratio=None)},
    }
    return {
        "machine": {"cpu": "Some <CPU>", "cpus": 2, "kernel": "6.1", "load": "0.1"},
        "throughput": {"rounds": 3, "pinning": "router on processor 0", "measures": measures, "notes": ["a note"]},
        "memory": {"checksum/1500": {"ours": figures(60.0, ratio=1.0), "rte_raw_cksum": figures(90.0, ratio=1.5)}},
        "targets": targets.throughput_targets(measures),
    }


class Table(unittest.TestCase):
    def test_fits_into_100_columns(self):
        self.assertLessEqual(max(map(len, table.render(report()).splitlines())), 100)

    def test_a_line_for_each_rival(self):
        lines = table.render(report()).splitlines()
        title = next(i for i, line in enumerate(lines) if line.startswith("64-byte UDP at overload"))
        self.assertEqual(lines[title + 1].split(), ["copier", "490.0", "500.0", "510.0", "1.00"])
        self.assertEqual(lines[title + 2].split(), ["smolstack", "480.0", "480.0", "480.0", "0.96"])

    def test_a_measure_that_nobody_took_is_left_out(self):
        self.assertNotIn("four streams", table.render(report()))

    def test_benchmarks_without_rivals_stand_by_themselves(self):
        with_more = report() | {"benchmarks": {"checksum/ours/1500": figures(60.0), "fib_build/10": figures(12e6),
                                               "timer_restart/10": figures(15.25)}}
        text = table.render(with_more)
        self.assertRegex(text, r"\n  fib_build/10 +12\.0 ms +12\.0 ms +12\.0 ms\n")
        self.assertRegex(text, r"\n  timer_restart/10 +15\.2 ns")
        self.assertNotIn("checksum/ours", text)

    def test_notes_and_parts_that_were_not_run(self):
        self.assertIn("a note", table.render(report()))
        alone = {"machine": report()["machine"], "memory": report()["memory"]}
        self.assertNotIn("TAP", table.render(alone))


class Targets(unittest.TestCase):
    def test_of_what_was_measured(self):
        found = {target["what"]: target for target in report()["targets"]}
        self.assertTrue(found["64-byte UDP, CPU, smolstack to copier"]["met"])
        self.assertNotIn("TCP, one stream, smolstack to copier", found)

    def test_not_met(self):
        self.assertFalse(targets.judge("x", 1.06, "<=", 1.05)["met"])
        self.assertTrue(targets.judge("x", 0.95, ">=", 0.95)["met"])

    def test_in_memory_the_quickest_of_the_rival_counts(self):
        groups = {"lookup/random/1000000": {"ours": figures(8.0), "rte_fib_2": figures(10.0), "rte_fib_4": figures(4.0)}}
        self.assertEqual([target["is"] for target in targets.memory_targets(groups)], [2.0])


class Chart(unittest.TestCase):
    def test_is_xml_and_the_same_each_time(self):
        drawn = chart.draw(report())
        minidom.parseString(drawn)
        self.assertEqual(drawn, chart.draw(report()))

    def test_has_a_bar_for_each_rival_that_says_its_figure(self):
        drawn = chart.draw(report())
        self.assertEqual(drawn.count('<rect class="ours"'), 4)
        self.assertIn("480.0  (0.96)", drawn)
        self.assertIn("prefers-color-scheme: dark", drawn)

    def test_a_report_of_nothing(self):
        minidom.parseString(chart.draw({}))


def run(name, **values):
    return {"name": name, "run_name": name, "run_type": "iteration", "cpu_time": 1.0, "time_unit": "us"} | values


class GoogleBenchmark(unittest.TestCase):
    def test_repetitions_of_one_name(self):
        found = memory.benchmarks({"benchmarks": [
            run("forward/ours/bytes:64/batch:64/routes:16", ns_per_packet=14.0),
            run("forward/ours/bytes:64/batch:64/routes:16", ns_per_packet=16.0),
            run("forward/ours/bytes:64/batch:64/routes:16_mean", run_type="aggregate")]})
        self.assertEqual(found, {"forward/ours/64/64/16": [14.0, 16.0]})

    def test_units_and_rates(self):
        found = memory.benchmarks({"benchmarks": [run("a"), run("b", updates=2e6), run("c", ns_per_lookup=7.0)]})
        self.assertEqual(found, {"a": [1000.0], "b": [500.0], "c": [7.0]})

    def test_a_benchmark_that_failed(self):
        with self.assertRaisesRegex(Trouble, "frames were lost"):
            memory.benchmarks({"benchmarks": [run("a", error_occurred=True, error_message="frames were lost")]})

    def test_numbers_are_in_their_order(self):
        groups = memory.groups({"checksum/ours/576": [1.0], "checksum/ours/20": [1.0], "checksum/ours/1500": [1.0]})
        self.assertEqual(list(groups), ["checksum/20", "checksum/576", "checksum/1500"])

    def test_rivals_stand_side_by_side_ours_first(self):
        groups = memory.groups({"checksum/rte_raw_cksum/20": [3.0], "checksum/ours/20": [6.0], "timer_restart/10": [1.0],
                                "lookup/random/rte_fib_2/1000": [8.0], "lookup/random/smolstack/1000": [4.0]})
        self.assertEqual(list(groups), ["checksum/20", "lookup/random/1000"])
        self.assertEqual(list(groups["checksum/20"]), ["ours", "rte_raw_cksum"])
        self.assertEqual(groups["checksum/20"]["rte_raw_cksum"]["ratio"], 0.5)
        self.assertEqual(groups["lookup/random/1000"]["rte_fib_2"]["ratio"], 2.0)


if __name__ == "__main__":
    unittest.main()
