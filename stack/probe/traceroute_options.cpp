#include "smolstack/probe/option_words.hpp"
#include "smolstack/probe/traceroute_session.hpp"

namespace smolstack::control {
namespace {

using Result = Expected<void, std::string>;

constexpr std::string_view usage =
    "usage: traceroute [-I] [-n] [-f FIRST_TTL] [-m MAX_TTL] [-q PROBES] [-N AT_ONCE] "
    "[-w MAX[,HERE,NEAR]] DESTINATION";

auto cannot_handle(const OptionWord& word) {
  return unexpected(std::string("Cannot handle `-") + word.letter + "' option with arg `" +
                    word.value + "'");
}

template <class Field>
Result whole(const OptionWord& word, std::int64_t highest, std::string_view beyond, Field& field) {
  const auto number = parse_whole(word.value, INT64_MIN, INT64_MAX);
  if (!number) return cannot_handle(word);
  if (*number < 1 || *number > highest) return unexpected(std::string(beyond));
  field = static_cast<Field>(*number);
  return {};
}

/// MAX, or MAX,HERE,NEAR. MAX alone waits that long for every probe, as ever.
Result set_wait(TracerouteOptions& options, const OptionWord& word) {
  std::vector<double> numbers;
  for (std::size_t at = 0; at <= word.value.size();) {
    const std::size_t comma = std::min(word.value.find(',', at), word.value.size());
    const auto number = parse_real(word.value.substr(at, comma - at));
    if (!number || *number < 0 || *number > 3600) return cannot_handle(word);
    numbers.push_back(*number);
    at = comma + 1;
  }
  if (numbers.size() > 3) return cannot_handle(word);
  numbers.resize(3, 0.0);
  options.wait = numbers[0];
  options.here = numbers[1];
  options.near = numbers[2];
  return {};
}

Result set_option(TracerouteOptions& options, const OptionWord& word) {
  switch (word.letter) {
    case 'm': return whole(word, 255, "max hops cannot be more than 255", options.max_ttl);
    case 'f': return whole(word, 255, "first hop out of range", options.first_ttl);
    case 'q': return whole(word, 10, "no more than 10 probes per hop", options.each);
    case 'N': return whole(word, 64, "no more than 64 probes at once", options.at_once);
    case 'w': return set_wait(options, word);
    case 'I': options.by_icmp = true; return {};
    default: return {};  // -n and -4: what we do anyway
  }
}

}  // namespace

Expected<TracerouteOptions, std::string> parse_traceroute(const Words& words) {
  const auto split = split_options(words, "m:f:q:N:w:In4");
  if (!split) return unexpected("traceroute: " + split.error() + "\n" + std::string(usage));
  TracerouteOptions options;
  for (const OptionWord& word : split->options)
    if (const auto set = set_option(options, word); !set)
      return unexpected("traceroute: " + set.error());
  if (options.first_ttl > options.max_ttl)
    return unexpected(std::string("traceroute: first hop out of range"));
  if (split->operands.size() != 1) return unexpected(std::string(usage));
  options.hostname = split->operands.front();
  const auto address = parse_ipv4_address(options.hostname);
  if (!address)
    return unexpected("traceroute: " + options.hostname + ": not an IPv4 address, as in 10.1.1.2");
  options.destination = *address;
  return options;
}

}  // namespace smolstack::control
