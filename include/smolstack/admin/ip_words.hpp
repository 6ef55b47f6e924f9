#pragma once
// The words of iproute2: how they are abbreviated, read, and refused.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "smolstack/base/expected.hpp"
#include "smolstack/control/command.hpp"
#include "smolstack/netif/interface.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack::control {

namespace exit_code {
inline constexpr int usage = 255;  ///< what iproute2 ends with when the words themselves are wrong
}

/// A value, or what iproute2 would say instead.
template <class T>
using Read = Expected<T, Outcome>;

inline auto refuse(int exit, std::string error) {
  return unexpected(Outcome{exit, std::move(error)});
}

/// Goes through the words of a command as iproute2 goes through argv.
class WordReader {
 public:
  explicit WordReader(const Words& words, std::size_t at = 0) : words_(words), at_(at) {}

  bool done() const { return at_ >= words_.size(); }
  const std::string& word() const { return words_[at_]; }
  void next() { ++at_; }
  std::size_t at() const { return at_; }

  /// Is this word `name`, or the beginning of it (at least one letter)?
  bool abbreviates(std::string_view name) const;
  /// Is it exactly `name`? Then it is passed over.
  bool take(std::string_view name);
  /// Is it `name` or its beginning? Then it is passed over.
  bool take_short(std::string_view name);
  /// The word that must follow.
  Read<std::string> value();

 private:
  const Words& words_;
  std::size_t at_;
};

/// "10.1.1.2/24", "10.1.1/24", "10.1.1.2", "default": an address and a length, host bits and all.
Read<Ipv4Subnet> read_subnet(const std::string& word);
Read<Ipv4Address> read_address(const std::string& word);
Read<std::uint32_t> read_number(const std::string& word, std::string_view complaint);

/// `Cannot find device "eth9"`.
Read<Interface*> read_device(InterfaceTable& interfaces, const std::string& word);
/// `Device "eth9" does not exist.`: what show and flush say.
Read<Interface*> read_shown_device(InterfaceTable& interfaces, const std::string& word);

/// `Error: either "to" is duplicate, or "foo" is a garbage.`
tl::unexpected<Outcome> garbage(std::string_view expected, std::string_view word);
/// `Error: argument "x" is wrong: "metric" value is invalid`
tl::unexpected<Outcome> wrong_argument(std::string_view word, std::string_view why);
/// `RTNETLINK answers: File exists`, for the error of a table.
tl::unexpected<Outcome> rtnetlink(std::errc code);
tl::unexpected<Outcome> rtnetlink(const Error& error);
/// `Error: ...` of the kernel's own words.
tl::unexpected<Outcome> kernel_says(std::string_view text);

}  // namespace smolstack::control
