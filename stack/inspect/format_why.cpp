#include "smolstack/inspect/why.hpp"

namespace smolstack::inspect {
namespace {

using control::Json;

std::string hop_words(const Hop& hop) {
  std::string text = hop.machine;
  if (!hop.in.empty()) text += " in " + hop.in;
  if (!hop.out.empty()) text += " out " + hop.out + " to " + to_string(hop.next_hop);
  return text + " (ttl " + std::to_string(hop.ttl) + ')';
}

/// "  request: server out eth0 to 10.1.2.3 (ttl 64), ...", and no line for a leg that never began.
std::string leg_line(const WhyReport& report, Leg leg) {
  constexpr std::size_t most_shown = 12;
  std::string text;
  std::size_t shown = 0;
  std::size_t all = 0;
  for (const Hop& hop : report.path) {
    if (hop.leg != leg) continue;
    ++all;
    if (shown == most_shown) continue;
    text += (shown++ == 0 ? "" : "\n           ") + hop_words(hop);
  }
  if (all > shown) text += "\n           and " + std::to_string(all - shown) + " more";
  if (text.empty()) return text;
  return "  " + std::string(to_string(leg)) + (leg == Leg::request ? "  " : "    ") + text + '\n';
}

std::string then_lines(const WhyReport& report) {
  std::string text;
  for (std::size_t i = 1; i < report.faults.size(); ++i) {
    const Fault& fault = report.faults[i];
    text += "That alone is not enough. " + fault.text;
    for (const Mend& mend : fault.mends) text += " Mend it on " + mend.node + ": " + mend.command;
    text += '\n';
  }
  return text;
}

Json mends_json(const Fault& fault) {
  Json mends = Json::array();
  for (const Mend& mend : fault.mends)
    mends.push_back({{"node", mend.node}, {"command", mend.command}});
  return mends;
}

Json fault_json(const Fault& fault) {
  return {{"leg", to_string(fault.leg)}, {"at", fault.at},     {"reason", fault.reason},
          {"text", fault.text},          {"loop", fault.loop}, {"mends", mends_json(fault)}};
}

Json path_json(const WhyReport& report) {
  const auto name_or_null = [](const std::string& name) {
    return name.empty() ? Json() : Json(name);
  };
  Json path = Json::array();
  for (const Hop& hop : report.path)
    path.push_back({{"leg", to_string(hop.leg)},
                    {"node", hop.machine},
                    {"in", name_or_null(hop.in)},
                    {"out", name_or_null(hop.out)},
                    {"next_hop", hop.out.empty() ? Json() : Json(to_string(hop.next_hop))},
                    {"ttl", hop.ttl}});
  return path;
}

}  // namespace

std::string format_why(const WhyReport& report) {
  std::string text = report.sentence + '\n' + then_lines(report);
  text += leg_line(report, Leg::request) + leg_line(report, Leg::reply);
  for (const std::string& note : report.notes) text += "Note: " + note + '\n';
  return text;
}

Json to_json(const WhyReport& report) {
  const Probe& probe = report.question.probe;
  Json json = {{"arrives", report.arrives}, {"leg", nullptr}, {"at", nullptr}, {"reason", nullptr}};
  json["mends"] = Json::array();
  if (!report.faults.empty()) {
    const Json first = fault_json(report.faults.front());
    for (const char* const key : {"leg", "at", "reason", "loop", "mends"}) json[key] = first[key];
  }
  json["path"] = path_json(report);
  json["request_arrives"] = report.request_arrives;
  json["from"] = probe.from;
  json["source"] = to_string(report.source);
  json["destination"] = to_string(probe.destination);
  json["then"] = Json::array();
  for (std::size_t i = 1; i < report.faults.size(); ++i)
    json["then"].push_back(fault_json(report.faults[i]));
  json["mends_suffice"] = report.mends_suffice;
  json["notes"] = report.notes;
  json["text"] = report.sentence;
  return json;
}

}  // namespace smolstack::inspect
