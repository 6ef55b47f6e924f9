#pragma once
// What a ping prints, to the byte as iputils does.

#include <string>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// Text for the two streams of a program.
struct StreamText {
  std::string out{};
  std::string err{};
};

/// Turns the events of a ping (control/ping.hpp) into text, one after the other.
class PingFormat {
 public:
  StreamText text_of(const Json& event);

 private:
  std::string start_of(const Json& event);
  std::string reply(const Json& event) const;
  std::string error(const Json& event) const;
  std::string statistics(const Json& event) const;

  std::string hostname_;
  bool quiet_ = false;
  bool flood_ = false;
};

/// iputils' words for an ICMP error: "Destination Host Unreachable".
std::string describe_icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest);

}  // namespace smolstack::control
