#include "smolstack/topology/check.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>

namespace smolstack::topology {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Finding& finding) {
  return {{"severity", to_string(finding.severity)},
          {"file", finding.place.file},
          {"line", finding.place.line},
          {"what", finding.what},
          {"mend", finding.mend}};
}

/// A start-up script's lines are found in every stage.
void add_new(std::vector<Finding>& all, std::set<std::string>& seen, std::vector<Finding> some) {
  for (Finding& finding : some)
    if (all.size() < most_findings && seen.insert(to_string(finding)).second)
      all.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> check_addresses(const Lab& lab) {
  std::vector<Finding> all;
  std::set<std::string> seen;
  add_new(all, seen, check_interfaces(lab));
  if (lab.stages.empty()) add_new(all, seen, check_routes(lab, ""));
  for (const Stage& stage : lab.stages) add_new(all, seen, check_routes(lab, stage.name));
  return all;
}

std::string format_findings(std::span<const Finding> findings, bool json) {
  std::string text;
  for (const Finding& finding : findings) {
    // A file's name may hold any bytes, JSON may not.
    text += json ? to_json(finding).dump(-1, ' ', false, Json::error_handler_t::replace)
                 : to_string(finding);
    text += '\n';
  }
  return text;
}

}  // namespace smolstack::topology
