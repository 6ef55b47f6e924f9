#include "smolstack/wire/ipv4_options.hpp"

#include <optional>

#include "smolstack/wire/ipv4.hpp"

namespace smolstack {
namespace {

using Fault = std::optional<Ipv4OptionFault>;

std::uint8_t byte_at(ConstBytes header, std::size_t at) {
  return std::to_integer<std::uint8_t>(header[at]);
}

Fault fault_at(std::size_t at) {
  return Ipv4OptionFault{static_cast<std::uint8_t>(at)};
}

/// Record Route and the source routes: type, length, pointer, then addresses. The pointer counts
/// from 1, and begins at 4 (RFC 791 page 20).
Fault check_route(ConstBytes header, std::size_t at, std::size_t length) {
  if (length < 3) return fault_at(at + 1);
  const std::size_t pointer = byte_at(header, at + 2);
  if (pointer < 4) return fault_at(at + 2);
  if (pointer <= length && pointer + 3 > length) return fault_at(at + 2);
  return std::nullopt;
}

/// Timestamp: type, length, pointer, overflow and flags, then entries of four or eight bytes. The
/// pointer begins at 5 (RFC 791 page 22).
Fault check_timestamp(ConstBytes header, std::size_t at, std::size_t length) {
  if (length < 4) return fault_at(at + 1);
  const std::size_t pointer = byte_at(header, at + 2);
  const unsigned flags = byte_at(header, at + 3) & 0x0fu;
  const std::size_t entry = flags == 0 ? 4 : 8;
  if (flags != 0 && flags != 1 && flags != 3) return fault_at(at + 3);
  if (pointer < 5) return fault_at(at + 2);
  if (pointer <= length && pointer + entry - 1 > length) return fault_at(at + 2);
  return std::nullopt;
}

/// Judges one option and notes where it is; a second one of the same kind is a fault.
Fault note(ConstBytes header, std::size_t at, std::size_t length, Ipv4Options& found) {
  const auto once = [at](std::uint8_t& where) -> Fault {
    if (where != 0) return fault_at(at);
    where = static_cast<std::uint8_t>(at);
    return std::nullopt;
  };
  const auto also = [](Fault first, Fault second) { return first ? first : second; };
  switch (byte_at(header, at)) {
    case ipv4_option::record_route:
      return also(once(found.record_route), check_route(header, at, length));
    case ipv4_option::loose_source_route:
    case ipv4_option::strict_source_route:
      return also(once(found.source_route), check_route(header, at, length));
    case ipv4_option::timestamp:
      return also(once(found.timestamp), check_timestamp(header, at, length));
    case ipv4_option::router_alert:
      found.router_alert = true;
      return length == 4 ? std::nullopt : fault_at(at + 1);  // RFC 2113 §2.1
    default: return std::nullopt;  // RFC 1122 §3.2.1.8: options not understood are ignored
  }
}

}  // namespace

Expected<Ipv4Options, Ipv4OptionFault> parse_ipv4_options(ConstBytes header) {
  Ipv4Options found;
  std::size_t at = sizeof(wire::Ipv4Header);
  while (at < header.size()) {
    const std::uint8_t type = byte_at(header, at);
    if (type == ipv4_option::end_of_list) break;
    if (type == ipv4_option::no_operation) {
      ++at;
      continue;
    }
    const std::size_t left = header.size() - at;
    if (left < 2) return unexpected(*fault_at(at));
    const std::size_t length = byte_at(header, at + 1);
    if (length < 2 || length > left) return unexpected(*fault_at(at + 1));
    if (const auto fault = note(header, at, length, found)) return unexpected(*fault);
    at += length;
  }
  return found;
}

}  // namespace smolstack
