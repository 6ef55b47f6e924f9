#pragma once
// The header that a TAP with IFF_VNET_HDR puts before each frame: virtio 1.2 §5.1.6, in its legacy
// form of 10 bytes.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "smolstack/base/bytes.hpp"
#include "smolstack/base/expected.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/offload.hpp"

namespace smolstack {

namespace virtio_net_flag {
inline constexpr std::uint8_t needs_checksum = 1;  ///< checksum_start and checksum_offset count
inline constexpr std::uint8_t data_valid = 2;      ///< somebody has checked the checksum
}  // namespace virtio_net_flag

namespace virtio_net_gso {
inline constexpr std::uint8_t none = 0;
inline constexpr std::uint8_t tcpv4 = 1;
inline constexpr std::uint8_t udp = 3;  ///< fragments (UFO)
inline constexpr std::uint8_t tcpv6 = 4;
inline constexpr std::uint8_t udp_l4 = 5;  ///< datagrams (USO)
inline constexpr std::uint8_t ecn = 0x80;  ///< a bit beside the type
}  // namespace virtio_net_gso

namespace wire {

/// A number as this machine has it in memory, at any address.
class Native16 {
 public:
  constexpr Native16() = default;
  constexpr Native16(std::uint16_t value) : bytes_(std::bit_cast<Storage>(value)) {}
  constexpr operator std::uint16_t() const { return std::bit_cast<std::uint16_t>(bytes_); }

 private:
  using Storage = std::array<std::byte, 2>;
  Storage bytes_{};
};

/// In the machine's own byte order, unlike everything else here: that is what a TAP means by
/// "legacy" (and TUNSETVNETLE changes). All zero: a frame with nothing left to do.
struct VirtioNetHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = virtio_net_gso::none;
  Native16 header_length;    ///< all headers of the frame: a hint
  Native16 gso_size;         ///< payload of each segment
  Native16 checksum_start;   ///< from the frame's first byte
  Native16 checksum_offset;  ///< from there
};
static_assert(sizeof(VirtioNetHeader) == 10 && alignof(VirtioNetHeader) == 1);

}  // namespace wire

/// What a frame on the device begins with.
enum class FrameStart : std::uint8_t { ethernet, ip };

/// No kernel makes a shorter one: an MSS of 48 without 40 bytes of options (Linux).
inline constexpr std::uint16_t min_tcp_gso_size = 8;
/// Nor more datagrams of one (Linux: UDP_MAX_SEGMENTS).
inline constexpr std::size_t max_udp_gso_segments = 128;
/// Nor so many segments; it is what one frame may cost whoever cuts it up.
inline constexpr std::size_t max_gso_segments = 2048;

/// Tests a header against the frame that it came with; positions in the result count from the
/// frame's first byte. Whoever wrote the header may have meant us ill: what does not describe the
/// frame exactly is refused (offload_malformed), and so is what was not agreed upon: fragments,
/// IPv6 (unknown_ethertype), a train of SYN or RST segments. A super-frame that fits one segment is
/// none. The IPv4 header itself is tested by parse_ipv4().
Expected<Offload, DropReason> parse_virtio_net(const wire::VirtioNetHeader& header,
                                               ConstBytes frame, FrameStart start);

/// The header that says the same; positions of `offload` count from the frame's first byte, and
/// `header_length` is that of all its headers (0 where it is no super-frame).
wire::VirtioNetHeader make_virtio_net(const Offload& offload, std::size_t header_length);

}  // namespace smolstack
