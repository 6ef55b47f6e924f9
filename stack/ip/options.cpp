#include "smolstack/ip/options.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace smolstack {
namespace {

std::uint8_t get(ConstBytes header, std::size_t at) {
  return std::to_integer<std::uint8_t>(header[at]);
}
void set(Bytes header, std::size_t at, unsigned value) {
  header[at] = static_cast<std::byte>(value);
}
template <class Value>
void put(Bytes header, std::size_t at, const Value& value) {
  std::memcpy(header.subspan(at, sizeof value).data(), &value, sizeof value);
}

/// Where the next entry of an option goes, or nothing when it is full: pointers count from 1.
std::optional<std::size_t> next_entry(ConstBytes header, std::size_t option, std::size_t bytes) {
  const std::size_t length = get(header, option + 1);
  const std::size_t pointer = get(header, option + 2);
  if (pointer + bytes - 1 > length) return std::nullopt;
  return option + pointer - 1;
}

void advance_pointer(Bytes header, std::size_t option, std::size_t bytes) {
  set(header, option + 2, static_cast<unsigned>(get(header, option + 2) + bytes));
}

/// RFC 791 page 21: when there is no room the datagram goes on without our address.
void stamp_record_route(Bytes header, std::size_t option, const OptionStamp& stamp) {
  const auto at = next_entry(header, option, sizeof stamp.address);
  if (!at) return;
  put(header, *at, stamp.address);
  advance_pointer(header, option, sizeof stamp.address);
}

/// RFC 791 page 22: hosts that found no room are counted, up to fifteen.
bool count_overflow(Bytes header, std::size_t option) {
  const unsigned field = get(header, option + 3);
  if (field >> 4 == 15) return false;
  set(header, option + 3, field + 0x10);
  return true;
}

bool stamp_timestamp(Bytes header, std::size_t option, const OptionStamp& stamp) {
  constexpr unsigned with_addresses = 1;
  constexpr unsigned named_hosts = 3;
  const Big32 time(stamp.milliseconds);
  const unsigned flags = get(header, option + 3) & 0x0fu;
  const std::size_t bytes = flags == 0 ? sizeof time : sizeof time + sizeof stamp.address;
  const auto at = next_entry(header, option, bytes);
  // Whoever named the hosts made room for all of them: others just pass it on.
  if (!at) return flags == named_hosts || count_overflow(header, option);

  if (flags == named_hosts &&
      !stamp.is_own(stamp.context, header_at<Ipv4Address>(header.subspan(*at))))
    return true;
  if (flags == with_addresses) put(header, *at, stamp.address);
  put(header, *at + bytes - sizeof time, time);
  advance_pointer(header, option, bytes);
  return true;
}

/// Calls `each(offset, length)` for every option that is more than one byte long.
template <class Each>
void walk(ConstBytes header, Each&& each) {
  std::size_t at = sizeof(wire::Ipv4Header);
  while (at < header.size() && get(header, at) != ipv4_option::end_of_list) {
    const bool is_single = get(header, at) == ipv4_option::no_operation;
    const std::size_t length = is_single ? 1 : get(header, at + 1);
    if (!is_single) each(at, length);
    at += length;
  }
}

}  // namespace

bool stamp_options(Bytes header, const Ipv4Options& options, const OptionStamp& stamp) {
  if (options.record_route != 0) stamp_record_route(header, options.record_route, stamp);
  return options.timestamp == 0 || stamp_timestamp(header, options.timestamp, stamp);
}

void keep_reply_options(Bytes header, const Ipv4Options& options) {
  walk(header, [&](std::size_t at, std::size_t length) {
    if (at == options.record_route || at == options.timestamp) return;
    std::ranges::fill(header.subspan(at, length), std::byte{ipv4_option::no_operation});
  });
}

std::size_t copied_options(ConstBytes header, Bytes to) {
  std::size_t used = 0;
  walk(header, [&](std::size_t at, std::size_t length) {
    if ((get(header, at) & ipv4_option::copied_flag) == 0) return;
    std::ranges::copy(header.subspan(at, length), to.subspan(used).begin());
    used += length;
  });
  const std::size_t padded = (used + 3) / 4 * 4;
  std::ranges::fill(to.subspan(used, padded - used), std::byte{ipv4_option::end_of_list});
  return padded;
}

}  // namespace smolstack
