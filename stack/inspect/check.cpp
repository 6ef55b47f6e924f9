#include "smolstack/inspect/check.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "smolstack/inspect/lab_snapshot.hpp"
#include "smolstack/inspect/mend.hpp"
#include "smolstack/inspect/simulation.hpp"
#include "smolstack/topology/script.hpp"

namespace smolstack::inspect {
namespace {

using topology::Finding;
using topology::Place;
using topology::Severity;

bool is(const Fault& fault, DropReason reason) {
  return fault.reason == to_string(reason);
}

bool is_host(const MachineSnapshot& machine) {
  return !machine.forwarding;
}

/// The one who asks has no route: nothing was promised to it.
bool is_unclaimed(const Fault& fault, const Pair& pair) {
  return fault.leg == Leg::request && fault.at == pair.from->name &&
         is(fault, DropReason::no_route);
}

/// What somebody wrote down on purpose, or has not written yet.
bool is_deliberate(const Fault& fault) {
  using enum DropReason;
  return is(fault, blackhole) || is(fault, unreachable) || is(fault, prohibit) ||
         is(fault, interface_down);
}

/// Routers need not be reached for themselves: a lab often has no routes to the wires between them.
bool is_aside(const Fault& fault, const Pair& pair) {
  return is(fault, DropReason::no_route) && !(is_host(*pair.from) && is_host(*pair.to));
}

/// The machine, or all of a loop: wherever a packet enters it, it is the same loop.
std::string place_words(const Fault& fault) {
  if (fault.loop.empty()) return fault.at;
  auto loop = fault.loop;
  std::ranges::sort(loop);
  std::string words;
  for (const std::string& machine : loop) words += machine + ' ';
  return words;
}

/// Pairs that have nothing but their number in common, and the first of them.
struct Tally {
  std::optional<Pair> first;
  std::size_t pairs = 0;

  void count(const Pair& pair) {
    if (!first) first = pair;
    ++pairs;
  }
  /// ", nor is there one for 3 other pairs"
  std::string others(std::string_view before, std::string_view after) const {
    if (pairs < 2) return {};
    const std::size_t rest = pairs - 1;
    return std::string(before) + std::to_string(rest) + " other pair" + (rest == 1 ? "" : "s") +
           std::string(after);
  }
};

/// One thing that is wrong, and the pairs that suffer from it.
struct Trouble {
  Severity severity = Severity::note;
  Fault fault;
  Tally tally;
};

class Check {
 public:
  Check(const topology::Lab& lab, std::string_view stage, const CheckLimits& limits)
      : lab_(lab),
        stage_(stage),
        limits_(limits),
        snapshot_(snapshot_of(lab, stage, &refused_)),
        commands_(topology::scripted_commands(lab, stage)) {}

  std::vector<Finding> run(CheckCost& cost) {
    for (const RefusedCommand& each : refused_) report_refusal(each);
    probe_all(cost);
    report_troubles();
    report_notes();
    return std::move(findings_);
  }

 private:
  void probe_all(CheckCost& cost) {
    const std::vector<Pair> pairs = distinct_pairs(snapshot_);
    Simulation simulation(snapshot_, Probe());
    cost.pairs = pairs.size();
    for (const Pair& pair : pairs) {
      if (cost.probes == limits_.probes) break;
      ++cost.probes;
      const Probe probe = probe_of(pair);
      if (auto fault = first_fault(snapshot_, probe, simulation.run(probe)))
        take(std::move(*fault), pair);
    }
    cost.frames = simulation.frames();
    if (cost.probes < cost.pairs)
      findings_.push_back({Severity::note, place_of_stage(),
                           "only " + std::to_string(cost.probes) + " of " +
                               std::to_string(cost.pairs) + " pairs of machines were looked at",
                           ""});
  }

  static Probe probe_of(const Pair& pair) {
    Probe probe;
    probe.from = pair.from->name;
    probe.destination = pair.address;
    return probe;
  }

  void take(Fault fault, const Pair& pair) {
    if (is(fault, DropReason::echo_ignored)) return;  // it came as far as it should
    if (is_unclaimed(fault, pair)) return unclaimed_.count(pair);
    if (is_aside(fault, pair)) return aside_.count(pair);
    const Severity severity = is_deliberate(fault) ? Severity::note : Severity::error;
    const std::string reason = fault.loop.empty() ? fault.reason : "";
    const auto [at, is_new] = troubles_.try_emplace(
        {severity, place_words(fault), reason, network_of(fault.target)}, Trouble{});
    if (is_new) at->second = {severity, std::move(fault), {}};
    at->second.tally.count(pair);
  }

  /// The network that an address lies in, by whoever has it.
  std::string network_of(Ipv4Address address) const {
    const MachineSnapshot* const holder = snapshot_.holder_of(address);
    if (holder == nullptr) return to_string(address);
    const auto& addresses = holder->holder_of(address)->addresses;
    return to_string(std::ranges::find(addresses, address, &Ipv4Subnet::address)->prefix());
  }

  void report_troubles() {
    std::size_t mends = 0;
    for (const auto& [key, trouble] : troubles_) {
      const Probe probe = probe_of(*trouble.tally.first);
      std::string mend;
      if (trouble.severity == Severity::error && mends++ < limits_.mends)
        for (const Mend& each : find_remedy(snapshot_, probe, trouble.fault))
          mend += (mend.empty() ? "on " : ", and on ") + each.node + ": " + each.command;
      findings_.push_back({trouble.severity, place_of(trouble.fault), words_of(trouble), mend});
    }
  }

  std::string words_of(const Trouble& trouble) const {
    const Pair& pair = *trouble.tally.first;
    std::string why = describe(trouble.fault, snapshot_, probe_of(pair));
    if (why.ends_with('.')) why.pop_back();
    return pair.from->name + " cannot reach " + name_of(pair) + ": " + why +
           trouble.tally.others(" (and so for ", ")");
  }

  static std::string name_of(const Pair& pair) {
    return to_string(pair.address) + " (" + pair.to->name + ')';
  }

  void report_notes() {
    if (unclaimed_.first)
      add_note(unclaimed_.first->from->name + " has no route to " + name_of(*unclaimed_.first) +
               unclaimed_.others(", nor is there one for ", "") +
               "; routes may be meant to be added by hand");
    if (aside_.first)
      add_note("not all routers can be reached from everywhere: " + aside_.first->from->name +
               " cannot reach " + name_of(*aside_.first) + aside_.others(" (and so for ", ")") +
               "; hosts need none of it");
  }

  void add_note(std::string what) {
    findings_.push_back({Severity::note, place_of_stage(), std::move(what), ""});
  }

  /// What check_routes() of topology does not see: that something is there already, or not there.
  void report_refusal(const RefusedCommand& refused) {
    const auto& words = refused.command.words;
    const bool is_of_tables = refused.error.starts_with("RTNETLINK answers") &&
                              refused.error.find("not supported") == std::string::npos;
    if (words.empty() || words.front() != "ip" || !is_of_tables) return;
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    findings_.push_back({Severity::error, refused.command.place,
                         refused.command.machine + " refuses `" + text + "`: " + refused.error,
                         ""});
  }

  /// The line of the route that led the packet, else of the machine where it ended.
  Place place_of(const Fault& fault) const {
    const std::string& machine = fault.loop.empty() ? fault.at : fault.loop.back();
    for (auto at = commands_.rbegin(); at != commands_.rend(); ++at)
      if (at->machine == machine && is_route_to(at->words, fault.target)) return at->place;
    const topology::Machine* const found = lab_.find_machine(fault.at);
    return found == nullptr ? place_of_stage() : found->place;
  }

  static bool is_route_to(const std::vector<std::string>& words, Ipv4Address target) {
    const auto names = [](const std::string& word) {
      return !word.empty() && std::string_view("route").starts_with(word);
    };
    if (words.empty() || std::ranges::none_of(words, names)) return false;
    return std::ranges::any_of(words, [&](const std::string& word) {
      const auto prefix = parse_ipv4_prefix(word);
      return prefix && word.find('/') != std::string::npos && prefix->contains(target);
    });
  }

  Place place_of_stage() const {
    const topology::Stage* const stage = lab_.find_stage(stage_);
    return stage == nullptr ? Place{lab_.file.string(), 0} : stage->place;
  }

  using Key = std::tuple<Severity, std::string, std::string, std::string>;

  const topology::Lab& lab_;
  std::string_view stage_;
  CheckLimits limits_;
  std::vector<RefusedCommand> refused_;
  LabSnapshot snapshot_;
  std::vector<topology::ScriptedCommand> commands_;
  std::map<Key, Trouble> troubles_;
  Tally unclaimed_;  ///< nobody promised them a way
  Tally aside_;      ///< routers that are asked, or ask, for themselves
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_reachability(const topology::Lab& lab, std::string_view stage,
                                        const CheckLimits& limits, CheckCost* cost) {
  CheckCost own;
  return Check(lab, stage, limits).run(cost == nullptr ? own : *cost);
}

}  // namespace smolstack::inspect
