#pragma once
// Work on a packet that its sender has left to whoever puts it on a wire: the transport checksum,
// and the cutting of a long packet (a super-frame) into those that will be on the wire.

#include <cstddef>
#include <cstdint>

namespace smolstack {

enum class OffloadKind : std::uint8_t {
  none,      ///< nothing is left: the packet is as it will be on the wire
  checksum,  ///< the checksum field holds the sum of the pseudo header only
  tcp4,      ///< and it is a TCP segment over IPv4 that stands for several (TSO)
  udp4,      ///< and it is a UDP datagram over IPv4 that stands for several (USO)
};

/// What is left to do of one packet. Positions are in bytes, from where its owner counts: the
/// frame's first byte (parse_virtio_net) or the buffer's (PacketBuffer).
struct Offload {
  OffloadKind kind = OffloadKind::none;
  /// CWR belongs to the first segment alone (RFC 3168 §6.1.2).
  bool ecn = false;
  std::uint8_t checksum_offset = 0;  ///< of the checksum field, from `transport`
  std::uint16_t gso_size = 0;        ///< payload of each segment but the last; 0: no super-frame
  std::uint16_t network = 0;         ///< where the network header begins
  std::uint16_t transport = 0;       ///< where what the checksum covers begins

  constexpr bool is_super_frame() const { return gso_size != 0; }
  /// The same, counted from a point that lies `by` bytes further to the front.
  constexpr Offload moved(std::ptrdiff_t by) const {
    Offload there = *this;
    if (kind == OffloadKind::none) return there;
    there.network = static_cast<std::uint16_t>(network + by);
    there.transport = static_cast<std::uint16_t>(transport + by);
    return there;
  }
  friend bool operator==(const Offload&, const Offload&) = default;
};

/// What a device takes over; it hands such packets to us, too.
struct OffloadCapabilities {
  bool checksum = false;
  bool tso4 = false;
  bool uso4 = false;

  constexpr bool take(const Offload& offload) const {
    switch (offload.kind) {
      case OffloadKind::none: return true;
      case OffloadKind::checksum: return checksum;
      case OffloadKind::tcp4: return tso4;
      case OffloadKind::udp4: return uso4;
    }
    return false;
  }
  /// What both take.
  friend constexpr OffloadCapabilities operator&(OffloadCapabilities a, OffloadCapabilities b) {
    return {a.checksum && b.checksum, a.tso4 && b.tso4, a.uso4 && b.uso4};
  }
  friend bool operator==(const OffloadCapabilities&, const OffloadCapabilities&) = default;
};
inline constexpr OffloadCapabilities all_offloads{true, true, true};

}  // namespace smolstack
