#include "smolstack/topology/finding.hpp"

#include <algorithm>

namespace smolstack::topology {

std::string to_string(const Place& place) {
  return place.line > 0 ? place.file + ':' + std::to_string(place.line) : place.file;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  return "?";
}

std::string to_string(const Finding& finding) {
  std::string text = to_string(finding.place) + ": ";
  text += to_string(finding.severity);
  text += ": " + finding.what;
  if (!finding.mend.empty()) text += "; " + finding.mend;
  return text;
}

bool has_errors(std::span<const Finding> findings) {
  return std::ranges::find(findings, Severity::error, &Finding::severity) != findings.end();
}

}  // namespace smolstack::topology
