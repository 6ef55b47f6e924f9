"""What the rounds make of the figures, and which processors are taken."""

import unittest

from harness.rivals import Rival
from harness.throughput import Rounds, choose_cpus


class ChosenCpus(unittest.TestCase):
    def test_one(self):
        self.assertIsNone(choose_cpus({3}).router)

    def test_two_are_shared_by_the_ends(self):
        cpus = choose_cpus({0, 1})
        self.assertEqual((cpus.router, cpus.client, cpus.server), ({0}, {1}, {1}))

    def test_four_have_one_for_each(self):
        cpus = choose_cpus({4, 5, 6, 7})
        self.assertEqual((cpus.router, cpus.client, cpus.server), ({4}, {5}, {6}))

    def test_nobody_is_pinned_on_demand(self):
        self.assertIsNone(choose_cpus({0, 1}, pin=False).client)


class FiguresOfRounds(unittest.TestCase):
    def setUp(self):
        self.rounds = Rounds([Rival("copier", "copier", 0), Rival("smolstack", "copier", 1)])

    def test_a_round_that_failed_leaves_a_gap(self):
        self.rounds.add("smolstack", 0, {"tcp1_bps": 2.0})
        self.rounds.add("smolstack", 2, {"tcp1_bps": 4.0})
        for number, figure in enumerate((1.0, 1.0, 1.0)):
            self.rounds.add("copier", number, {"tcp1_bps": figure})
        result = self.rounds.result()["tcp1_bps"]
        self.assertEqual(result["smolstack"]["rounds"], [2.0, None, 4.0])
        self.assertEqual(result["smolstack"]["ratio"], 3.0)

    def test_a_rival_that_has_no_such_figure_is_left_out(self):
        self.rounds.add("copier", 0, {"udp_cpu_us": 2.0})
        self.assertEqual(list(self.rounds.result()["udp_cpu_us"]), ["copier"])

    def test_a_disturbed_window_is_noted(self):
        self.rounds.add("copier", 0, {"udp_pps": 1.0, "disturbed": 0.5})
        self.rounds.add("copier", 1, {"udp_pps": 1.0, "disturbed": 0.01})
        notes = self.rounds.notes()
        self.assertEqual(len(notes), 1)
        self.assertIn("copier did not run in up to 50%", notes[0])

    def test_a_starved_sender_is_noted(self):
        self.rounds.add("copier", 0, {"udp_pps": None, "udp_cpu_us": 2.0})
        self.assertIn("packets a second are missing of: copier", self.rounds.notes()[0])
        self.assertNotIn("copier", self.rounds.result()["udp_pps"])


if __name__ == "__main__":
    unittest.main()
