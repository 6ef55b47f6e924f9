#pragma once
// Frames with work left to do, as a kernel hands them over: checksums that are not finished, and
// super-frames.

#include <cstdint>

#include "lab/support/frame.hpp"
#include "smolstack/packet/packet.hpp"

namespace smolstack::test {

/// Bytes of a frame, and what is left to do of it, counted from the first of them.
struct Undone {
  Undone(Octets octets) : bytes(std::move(octets)) {}
  Undone(Octets octets, const Offload& left) : bytes(std::move(octets)), offload(left) {}
  Octets bytes;
  Offload offload{};
};

/// The frame, an Ethernet layer in front, with the sum of the pseudo header where the checksum of
/// its TCP or UDP will be; with `gso_size` it stands for segments of so many bytes.
Undone undone(const Frame& frame, std::uint16_t gso_size = 0);

/// Puts it into an empty packet.
void put(const Undone& frame, Packet& packet);

}  // namespace smolstack::test
