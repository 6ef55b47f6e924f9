#pragma once
// What is wrong with a lab: where, what, and what would mend it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace smolstack::topology {

/// Where something is written; `line` is 0 when the whole file is meant.
struct Place {
  std::string file;
  int line = 0;
  friend bool operator==(const Place&, const Place&) = default;
};
std::string to_string(const Place& place);  ///< "lab.yaml:12", as editors and compilers write it

enum class Severity : std::uint8_t {
  error,    ///< the lab cannot be built, or cannot work as it is written
  warning,  ///< it can, but hardly as it was meant
  note,     ///< worth knowing; nothing is wrong
};
std::string_view to_string(Severity severity);

struct Finding {
  Severity severity = Severity::error;
  Place place;
  std::string what;
  std::string mend;  ///< an imperative: "write 10.1.1.0/24"; may be empty

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// "lab.yaml:7: error: `mtu` 20: is not an MTU; write a number from 68 to 65535"
std::string to_string(const Finding& finding);

/// Is there an error among them?
bool has_errors(std::span<const Finding> findings);

}  // namespace smolstack::topology
