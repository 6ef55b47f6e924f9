"""Medians, ratios, and what other programs print."""

import unittest

from harness import figures


class Summaries(unittest.TestCase):
    def test_least_median_and_greatest(self):
        found = figures.summary([3.0, 1.0, 2.0])
        self.assertEqual((found["min"], found["median"], found["max"]), (1.0, 2.0, 3.0))

    def test_rounds_without_a_figure_do_not_count(self):
        self.assertEqual(figures.summary([None, 4.0, 6.0])["median"], 5.0)
        self.assertIsNone(figures.summary([None, None]))

    def test_a_ratio_is_the_median_of_the_ratios_of_each_round(self):
        # The second round was slow for both: the ratio of the medians would be 4.
        self.assertEqual(figures.ratio([8.0, 1.0, 4.0], [4.0, 1.0, 1.0]), 2.0)

    def test_a_ratio_needs_both_in_one_round(self):
        self.assertEqual(figures.ratio([8.0, None, 3.0], [4.0, 1.0, 0.0]), 2.0)
        self.assertIsNone(figures.ratio([None, 1.0], [1.0, None]))
        self.assertIsNone(figures.ratio([1.0], []))


class OtherPrograms(unittest.TestCase):
    def test_ping(self):
        text = ("--- 10.1.2.2 ping statistics ---\n2000 packets transmitted, 1999 received, 0.05% packet loss, time 90ms\n"
                "rtt min/avg/max/mdev = 0.030/0.042/0.4/0.01 ms, ipg/ewma 0.045/0.044 ms\n")
        found = figures.ping_result(text)
        self.assertAlmostEqual(found["rtt_us"], 42)
        self.assertAlmostEqual(found["lost"], 0.0005)

    def test_ping_without_answers(self):
        with self.assertRaises(figures.Unreadable):
            figures.ping_result("5 packets transmitted, 0 received, 100% packet loss, time 1ms\n")

    def test_iperf3(self):
        self.assertEqual(figures.iperf_result('{"end": {"sum_received": {"bits_per_second": 2.5e9}}}'), 2.5e9)
        with self.assertRaisesRegex(figures.Unreadable, "unable to connect"):
            figures.iperf_result('{"error": "unable to connect"}')
        with self.assertRaises(figures.Unreadable):
            figures.iperf_result("iperf3: error")


NET_DEV = """Inter-|   Receive                |  Transmit
 face |bytes    packets errs drop fifo
    lo:       0       0    0    0    0
  far0: 6000     100    0    0    0
"""


class ProcFiles(unittest.TestCase):
    def test_received_packets(self):
        self.assertEqual(figures.received_packets(NET_DEV, "far0"), 100)
        with self.assertRaises(figures.Unreadable):
            figures.received_packets(NET_DEV, "far1")

    def test_ticks_behind_a_name_with_brackets_and_blanks(self):
        stat = "7 (a ) b) S 1 7 7 0 -1 4194304 10 0 0 0 12 345 0 0 20 0"
        self.assertEqual(figures.cpu_ticks(stat), (12, 345))

    def test_schedstat(self):
        self.assertEqual(figures.schedstat("1000 20 3\n"), (1000, 20))

    def test_a_line_of_status(self):
        status = "Name:\tx\nVmRSS:\t    5120 kB\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t2\n"
        self.assertEqual(figures.status_field(status, "VmRSS"), 5120)
        self.assertEqual(figures.status_field(status, "voluntary_ctxt_switches"), 7)
        with self.assertRaises(figures.Unreadable):
            figures.status_field(status, "RssAnon")


class Overload(unittest.TestCase):
    BEFORE = {"seconds": 10.0, "packets": 100, "ran_ns": 0, "waited_ns": 0, "user_ticks": 0, "system_ticks": 0}

    def after(self, **changes):
        return self.BEFORE | {"seconds": 12.0} | changes

    def test_a_router_that_ran_all_the_time(self):
        found = figures.udp_figures(self.BEFORE, self.after(packets=1_000_100, ran_ns=2_000_000_000, user_ticks=10,
                                                            system_ticks=190))
        self.assertEqual(found["udp_pps"], 500_000)
        self.assertEqual(found["udp_cpu_us"], 2.0)
        self.assertAlmostEqual(found["udp_user_us"], 0.1)
        self.assertAlmostEqual(found["udp_system_us"], 1.9)
        self.assertEqual(found["disturbed"], 0)

    def test_time_that_others_had_its_processor_does_not_count(self):
        found = figures.udp_figures(self.BEFORE, self.after(packets=500_100, ran_ns=1_000_000_000,
                                                            waited_ns=1_000_000_000, system_ticks=100))
        self.assertEqual(found["udp_pps"], 500_000)
        self.assertEqual(found["disturbed"], 0.5)

    def test_a_router_that_slept_was_not_overloaded(self):
        found = figures.udp_figures(self.BEFORE, self.after(packets=500_100, ran_ns=1_000_000_000, system_ticks=100))
        self.assertIsNone(found["udp_pps"])
        self.assertEqual(found["udp_cpu_us"], 2.0)

    def test_a_router_that_is_no_process(self):
        found = figures.udp_figures({"seconds": 1.0, "packets": 0}, {"seconds": 2.0, "packets": 7})
        self.assertEqual(found, {"udp_pps": 7})

    def test_nothing_arrived(self):
        self.assertEqual(figures.udp_figures(self.BEFORE, self.after(ran_ns=5)), {"udp_pps": 0})


if __name__ == "__main__":
    unittest.main()
