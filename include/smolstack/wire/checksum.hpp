#pragma once
// The Internet checksum (RFC 1071) and its incremental update (RFC 1624).

#include <cstdint>

#include "smolstack/base/bytes.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

/// The one's complement sum of two numbers: what does not fit comes back at the other end.
constexpr std::uint64_t add_with_carry(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum + (sum < a ? 1 : 0);
}

/// A one's complement sum under way. Sums of parts may be added as long as every part but the
/// last has an even length. Byte order cancels out (RFC 1071 §2(B)): the sum is kept as the
/// machine reads memory and is turned only at the end.
class ChecksumSum {
 public:
  constexpr ChecksumSum() = default;
  ChecksumSum& add(ConstBytes bytes);
  /// A 16-bit value in host order, as if its two wire bytes had been added.
  constexpr ChecksumSum& add_word(std::uint16_t host) {
    sum_ += swap_if_little(host);
    return *this;
  }
  ChecksumSum& add(Ipv4Address address) {
    return add_word(static_cast<std::uint16_t>(address.host() >> 16))
        .add_word(static_cast<std::uint16_t>(address.host()));
  }

  /// The checksum field's value in host order: the complement of the folded sum.
  constexpr std::uint16_t finish() const {
    std::uint64_t s = (sum_ & 0xffffffffu) + (sum_ >> 32);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    return static_cast<std::uint16_t>(~swap_if_little(static_cast<std::uint16_t>(s)));
  }

 private:
  std::uint64_t sum_ = 0;
};

/// RFC 1071: what belongs into the checksum field when that field is zero; 0 when a message with
/// its checksum in place is intact.
inline std::uint16_t internet_checksum(ConstBytes bytes) {
  return ChecksumSum().add(bytes).finish();
}

/// The pseudo header of UDP and TCP (RFC 768, RFC 9293 §3.1), begun; the segment follows.
inline ChecksumSum pseudo_header_sum(Ipv4Address source, Ipv4Address destination,
                                     std::uint8_t protocol, std::size_t length) {
  ChecksumSum sum;
  sum.add(source).add(destination).add_word(protocol);
  return sum.add_word(static_cast<std::uint16_t>(length));
}

/// RFC 1624 equation 3: the checksum after the 16-bit word `before` became `after`.
constexpr std::uint16_t update_checksum(std::uint16_t checksum, std::uint16_t before,
                                        std::uint16_t after) {
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
  sum += static_cast<std::uint16_t>(~before);
  sum += after;
  sum = (sum & 0xffffu) + (sum >> 16);
  return static_cast<std::uint16_t>(~(sum + (sum >> 16)));
}

}  // namespace smolstack
