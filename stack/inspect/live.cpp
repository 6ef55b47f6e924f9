#include "smolstack/inspect/live.hpp"

#include <algorithm>
#include <map>

namespace smolstack::inspect {
namespace {

using control::Json;

/// Counters by name: "eth0 no_route" of drops, "forwarded" of the stack as a whole.
using Counts = std::map<std::string, std::uint64_t>;

std::uint64_t number_in(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto at = object.find(key);
  const bool is_count =
      at != object.end() && at->is_number_integer() && (at->is_number_unsigned() || *at >= 0);
  return is_count ? at->get<std::uint64_t>() : 0;
}

std::string text_in(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// The list or object under a key; an empty list when there is none.
const Json& part_of(const Json& object, const char* key) {
  static const Json nothing = Json::array();
  if (!object.is_object()) return nothing;
  const auto at = object.find(key);
  return at == object.end() ? nothing : *at;
}

Counts counts_of(const Json& rows) {
  Counts counts;
  if (!rows.is_array()) return counts;
  for (const Json& row : rows) {
    const std::string interface = text_in(row, "ifname");
    const Json& drops = part_of(row, "drops");
    if (drops.is_array())
      for (const Json& drop : drops)
        counts[interface + ' ' + text_in(drop, "reason")] = number_in(drop, "count");
    const Json& stack = part_of(row, "stack");
    for (const char* const name : {"forwarded", "delivered", "originated", "from_host"})
      counts[name] += number_in(stack, name);
  }
  return counts;
}

const MachineStats* find(const std::vector<MachineStats>& stats, const std::string& machine) {
  const auto at = std::ranges::find(stats, machine, &MachineStats::machine);
  return at == stats.end() ? nullptr : &*at;
}

/// What every wire brings, whoever asks whom.
bool is_noise(std::string_view reason) {
  return reason == "other_mac" || reason == "own_frame" || reason == "unknown_ethertype" ||
         reason == "not_for_us" || reason.starts_with("arp_") || reason.starts_with("igmp_");
}

/// A reason of ours; anything else is nobody's.
const DropReasonEntry* entry_named(std::string_view word) {
  const auto at = std::ranges::find(drop_reason_entries, word, &DropReasonEntry::word);
  return at == drop_reason_entries.end() ? nullptr : &*at;
}

/// By how much each counter grew. One that went back belongs to a machine that was restarted.
Counts growth(const Counts& before, const Counts& after) {
  Counts grown;
  for (const auto& [name, count] : after) {
    const auto old = before.find(name);
    const std::uint64_t base = old == before.end() ? 0 : old->second;
    if (count > base) grown[name] = count - base;
  }
  return grown;
}

void take_drops(const std::string& machine, const Counts& grown, LiveVerdict& verdict) {
  for (const auto& [name, count] : grown) {
    const std::size_t blank = name.find(' ');
    if (blank == std::string::npos) continue;
    const std::string reason = name.substr(blank + 1);
    if (entry_named(reason) == nullptr || is_noise(reason)) continue;
    verdict.drops.push_back({machine, name.substr(0, blank), reason, count});
  }
}

void take(const std::string& machine, const Counts& grown, const Probe& probe,
          LiveVerdict& verdict) {
  const bool is_asker = machine == probe.from;
  if (grown.contains("forwarded")) verdict.forwarded_by.push_back(machine);
  if (grown.contains("delivered") && !is_asker) verdict.delivered_at.push_back(machine);
  if (grown.contains("delivered") && is_asker) verdict.heard = true;
  if (is_asker) verdict.left = grown.contains("originated") || grown.contains("from_host");
  take_drops(machine, grown, verdict);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

std::string way_of(const LiveVerdict& verdict, const Probe& probe) {
  if (!verdict.left) return "Nothing left " + probe.from;
  std::string text = "The probe left " + probe.from;
  if (!verdict.forwarded_by.empty()) text += ", was forwarded by " + list_of(verdict.forwarded_by);
  if (!verdict.delivered_at.empty()) text += ", was taken in at " + list_of(verdict.delivered_at);
  return text;
}

std::string sentence_of(const LiveVerdict& verdict, const Probe& probe,
                        std::optional<bool> answered) {
  std::string text = way_of(verdict, probe) + '.';
  if (answered) text += *answered ? " The answer came." : " No answer came.";
  for (const LiveDrop& drop : verdict.drops)
    text += ' ' + drop.machine + " dropped " + std::to_string(drop.count) + " on " +
            drop.interface + ": " + drop.reason + ", " +
            std::string(entry_named(drop.reason)->sentence) + '.';
  if (answered.value_or(verdict.heard) || !verdict.drops.empty()) return text;
  text += " No machine counted a drop";
  if (!verdict.unseen.empty()) text += ", but " + list_of(verdict.unseen) + " could not be asked";
  return text + '.';
}

}  // namespace

LiveVerdict judge_live(const std::vector<MachineStats>& before,
                       const std::vector<MachineStats>& after, const WhyQuestion& question,
                       std::optional<bool> answered) {
  LiveVerdict verdict;
  for (const MachineStats& now : after) {
    const MachineStats* const then = find(before, now.machine);
    const Counts counts = counts_of(now.rows);
    if (then == nullptr || counts.empty()) {
      verdict.unseen.push_back(now.machine);
      continue;
    }
    take(now.machine, growth(counts_of(then->rows), counts), question.probe, verdict);
  }
  for (const MachineStats& then : before)
    if (find(after, then.machine) == nullptr) verdict.unseen.push_back(then.machine);
  std::ranges::stable_sort(verdict.drops, std::greater(), &LiveDrop::count);
  verdict.sentence = sentence_of(verdict, question.probe, answered);
  return verdict;
}

Json to_json(const LiveVerdict& verdict) {
  Json drops = Json::array();
  for (const LiveDrop& drop : verdict.drops)
    drops.push_back({{"node", drop.machine},
                     {"ifname", drop.interface},
                     {"reason", drop.reason},
                     {"count", drop.count}});
  return {{"left", verdict.left},
          {"forwarded_by", verdict.forwarded_by},
          {"delivered_at", verdict.delivered_at},
          {"heard", verdict.heard},
          {"drops", std::move(drops)},
          {"unseen", verdict.unseen},
          {"text", verdict.sentence}};
}

}  // namespace smolstack::inspect
