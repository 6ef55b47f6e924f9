#include "smolstack/probe/ping_options.hpp"

#include <limits>

#include "smolstack/probe/option_words.hpp"
#include "smolstack/wire/icmpv4.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::control {
namespace {

using Result = Expected<void, std::string>;

constexpr std::string_view usage =
    "usage: ping [-c COUNT] [-i INTERVAL] [-w DEADLINE] [-W TIMEOUT] [-s BYTES] [-t TTL] "
    "[-I ADDRESS|INTERFACE] [-M do|want|dont] [-b] [-f] [-n] [-q] DESTINATION";
constexpr std::int64_t most_bytes =
    max_datagram - sizeof(wire::Ipv4Header) - sizeof(wire::Icmpv4Header);
constexpr double longest_time = std::numeric_limits<std::int32_t>::max() / 1000.0;

/// Puts a whole number where it belongs, or says why not.
template <class Field>
Result whole(const std::string& text, std::int64_t lowest, std::int64_t highest, Field& field) {
  const auto number = parse_whole(text, lowest, highest);
  if (!number) return unexpected(number.error());
  field = static_cast<Field>(*number);
  return {};
}

Duration seconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

Result set_interval(PingOptions& options, const std::string& value) {
  const auto number = parse_real(value);
  if (!number || *number < 0 || *number > longest_time)
    return unexpected("bad timing interval: " + value);
  options.interval = seconds(*number);
  return {};
}

Result set_linger(PingOptions& options, const std::string& value) {
  const auto number = parse_real(value);
  if (!number || *number < 0.001 || *number > longest_time)
    return unexpected("bad linger time: " + value);
  options.linger = seconds(*number);
  return {};
}

Result set_deadline(PingOptions& options, const std::string& value) {
  std::int64_t number = 0;
  if (auto set = whole(value, 0, std::numeric_limits<std::int32_t>::max(), number); !set)
    return set;
  if (number > 0) options.deadline = std::chrono::seconds(number);
  return {};
}

Result set_ttl(PingOptions& options, const std::string& value) {
  if (auto set = whole(value, 0, 255, options.ttl); !set) return set;
  if (options.ttl == 0)
    return unexpected(std::string("cannot set unicast time-to-live: Invalid argument"));
  return {};
}

Result set_path_mtu(PingOptions& options, const std::string& value) {
  if (value == "do")
    options.path_mtu = PathMtu::never_fragment;
  else if (value == "dont")
    options.path_mtu = PathMtu::fragment;
  else if (value == "want")
    options.path_mtu = PathMtu::want;
  else
    return unexpected("invalid -M argument: " + value);
  return {};
}

Result set_option(PingOptions& options, const OptionWord& word) {
  switch (word.letter) {
    case 'c': return whole(word.value, 1, std::numeric_limits<std::int64_t>::max(), options.count);
    case 'i': return set_interval(options, word.value);
    case 'w': return set_deadline(options, word.value);
    case 'W': return set_linger(options, word.value);
    case 's': return whole(word.value, 0, most_bytes, options.bytes);
    case 't': return set_ttl(options, word.value);
    case 'I': options.source = word.value; return {};
    case 'M': return set_path_mtu(options, word.value);
    case 'b': options.broadcast = true; return {};
    case 'f': options.flood = true; return {};
    case 'q': options.quiet = true; return {};
    default: return {};  // -n and -4: what we do anyway
  }
}

}  // namespace

Expected<PingOptions, std::string> parse_ping(const Words& words) {
  const auto split = split_options(words, "c:i:w:W:s:t:I:M:bfqn4");
  if (!split) return unexpected("ping: " + split.error() + "\n" + std::string(usage));
  PingOptions options;
  for (const OptionWord& word : split->options)
    if (const auto set = set_option(options, word); !set) return unexpected("ping: " + set.error());
  if (split->operands.empty())
    return unexpected("ping: usage error: Destination address required\n" + std::string(usage));
  if (split->operands.size() > 1)
    return unexpected("ping: one destination, not also " + split->operands[1]);
  options.hostname = split->operands.front();
  const auto address = parse_ipv4_address(options.hostname);
  if (!address)
    return unexpected("ping: " + options.hostname + ": not an IPv4 address, as in 10.1.1.2");
  // As Linux has it: nobody's address is our own.
  options.destination = address->is_unspecified() ? Ipv4Address(127, 0, 0, 1) : *address;
  return options;
}

}  // namespace smolstack::control
