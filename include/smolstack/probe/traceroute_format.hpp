#pragma once
// What a traceroute prints, as Debian's does.

#include <string>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// Turns the events of a traceroute (control/traceroute.hpp) into text, one after the other.
class TracerouteFormat {
 public:
  std::string text_of(const Json& event);
  /// Ends the last line.
  std::string end() const { return started_ ? "\n" : ""; }

 private:
  std::string probe(const Json& event);

  bool started_ = false;
  int ttl_ = 0;
  std::string from_;
};

}  // namespace smolstack::control
