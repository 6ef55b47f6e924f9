#pragma once
// The kernel's end of a TAP, frame by frame.

#include <algorithm>
#include <bit>
#include <cstring>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "lab/support/undone.hpp"
#include "smolstack/io/descriptor.hpp"
#include "smolstack/io/device.hpp"
#include "smolstack/wire/virtio_net.hpp"

namespace smolstack::io {

inline const auto all_types = std::bit_cast<std::uint16_t>(Big16(ETH_P_ALL));

/// A raw socket at the kernel's end, which speaks of what is left undone as a TAP does
/// (PACKET_VNET_HDR, packet(7)).
class KernelEnd {
 public:
  explicit KernelEnd(const char* device)
      : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, all_types)) {
    int on = 1;
    EXPECT_EQ(::setsockopt(socket_.number(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on), 0);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = all_types;
    address.sll_ifindex = static_cast<int>(::if_nametoindex(device));
    EXPECT_EQ(
        ::bind(socket_.number(), static_cast<const sockaddr*>(static_cast<const void*>(&address)),
               sizeof address),
        0);
  }

  void send(const test::Undone& frame) {
    const std::size_t headers = frame.offload.is_super_frame() ? 54 : 0;
    const wire::VirtioNetHeader header = make_virtio_net(frame.offload, headers);
    test::Octets all(sizeof header + frame.bytes.size());
    std::memcpy(all.data(), &header, sizeof header);
    std::ranges::copy(frame.bytes, all.begin() + sizeof header);
    EXPECT_EQ(::send(socket_.number(), all.data(), all.size(), 0),
              static_cast<ssize_t>(all.size()));
  }
  void send(const test::Frame& frame) { send(test::Undone(encode(frame))); }

  /// What came in; a frame of ours or of another's is told by nobody.
  test::Undone receive() {
    pollfd one{socket_.number(), POLLIN, 0};
    EXPECT_EQ(::poll(&one, 1, 5000), 1);
    test::Octets all(70000);
    const ssize_t size = ::recv(socket_.number(), all.data(), all.size(), 0);
    if (size < 10) return test::Undone(test::Octets());
    wire::VirtioNetHeader header;
    std::memcpy(&header, all.data(), sizeof header);
    const test::Octets frame(all.begin() + sizeof header, all.begin() + size);
    const auto offload = parse_virtio_net(header, frame, FrameStart::ethernet);
    EXPECT_TRUE(offload.has_value());
    return test::Undone(frame, offload.value_or(Offload{}));
  }

 private:
  Descriptor socket_;
};

/// All that waits in the device, by as many calls as it takes, in place of what was in the batch.
inline ReceiveResult receive_all(Device& device, PacketPool& pool, Batch& into) {
  into.clear();
  ReceiveResult all{.more = true};
  while (all.more) {
    const ReceiveResult got = device.receive(pool, into);
    all.frames += got.frames;
    all.too_long += got.too_long;
    all.no_buffer += got.no_buffer;
    all.malformed += got.malformed;
    all.more = got.more;
  }
  return all;
}

inline test::Octets octets_of(Batch& batch, std::size_t i) {
  const Bytes frame = batch.packets()[i].bytes();
  return {frame.begin(), frame.end()};
}

}  // namespace smolstack::io
