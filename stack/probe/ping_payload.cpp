#include "smolstack/probe/ping_payload.hpp"

#include <algorithm>

namespace smolstack::control {

void write_ping_payload(Bytes payload, Instant now) {
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = ping_byte(i);
  if (payload.size() >= sizeof(PingStamp))
    header_at<PingStamp>(payload).sent = static_cast<std::uint64_t>(now.time_since_epoch().count());
}

std::optional<std::size_t> find_wrong_byte(ConstBytes payload) {
  for (std::size_t i = sizeof(PingStamp); i < payload.size(); ++i)
    if (payload[i] != ping_byte(i)) return i;
  return std::nullopt;
}

std::optional<Instant> read_ping_stamp(ConstBytes payload) {
  if (payload.size() < sizeof(PingStamp)) return std::nullopt;
  const std::uint64_t sent = header_at<PingStamp>(payload).sent;
  return Instant(Duration(static_cast<std::int64_t>(sent)));
}

}  // namespace smolstack::control
