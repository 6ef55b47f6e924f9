// Super-frames between a TAP of ours and the kernel at its other end.

#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <gmock/gmock.h>

#include "device/kernel_end.hpp"
#include "device/namespace.hpp"
#include "lab/support/undone.hpp"
#include "smolstack/io/tap.hpp"
#include "smolstack/packet/gso.hpp"

namespace smolstack::io {
namespace {

using test::bytes;
using test::ethernet;
using test::Frame;
using test::ipv4;
using test::Octets;
using test::tcp;
using test::udp;
using test::Undone;
using test::undone;

Frame tcp_of(std::size_t payload) {
  return ethernet("02:00:00:00:00:09", "02:00:00:00:00:01") /
         ipv4("10.0.0.9", "10.0.0.1", {.id = 7}) / tcp(1, 2, {.flags = tcp_flag::ack}) /
         bytes(payload);
}
Frame udp_of(std::size_t payload) {
  return ethernet("02:00:00:00:00:09", "02:00:00:00:00:01") / ipv4("10.0.0.9", "10.0.0.1") /
         udp(1, 2) / bytes(payload);
}

class SuperFrames : public InNamespace {
 protected:
  std::unique_ptr<TapDevice> open(std::optional<bool> offload = true, std::uint32_t mtu = 1500) {
    auto opened = TapDevice::open({.name = "t0", .mtu = mtu, .offload = offload});
    EXPECT_TRUE(opened.has_value());
    return opened ? std::move(*opened) : nullptr;
  }
  /// All that waits in the device.
  ReceiveResult receive(TapDevice& device, PacketPool& from) {
    return receive_all(device, from, batch);
  }
  Octets received(std::size_t i = 0) { return octets_of(batch, i); }
  TransmitResult transmit(TapDevice& device, const Undone& frame) {
    batch.clear();
    Packet packet = pool.allocate(frame.bytes.size());
    put(frame, packet);
    batch.push(std::move(packet));
    return device.transmit(batch);
  }
  /// Would the kernel give the device's owner super-frames of TCP?
  static bool kernel_gives_super_frames(const char* device) {
    const Descriptor any(::socket(AF_INET, SOCK_DGRAM, 0));
    ethtool_value value{ETHTOOL_GTSO, 0};
    ifreq request{};
    std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
    request.ifr_data = static_cast<char*>(static_cast<void*>(&value));
    EXPECT_EQ(::ioctl(any.number(), SIOCETHTOOL, &request), 0);
    return value.data != 0;
  }

  PacketPool pool{{.small = 64, .large = 12}};
  Batch batch;
};

TEST_F(SuperFrames, AreAgreedUpon) {
  EXPECT_TRUE(open()->offloads().tso4);
  EXPECT_TRUE(open()->offloads().checksum);
  EXPECT_EQ(open(false)->offloads(), OffloadCapabilities());
}

TEST_F(SuperFrames, AreForTheEnvironmentToSay) {
  const char* const said = std::getenv("SMOLSTACK_OFFLOAD");
  const bool is_off = said != nullptr && std::string_view(said) == "off";
  EXPECT_EQ(open(std::nullopt)->offloads().tso4, !is_off);
}

TEST_F(SuperFrames, ComeInWhole) {
  const auto device = open();
  KernelEnd("t0").send(undone(tcp_of(20000), 1448));
  ASSERT_EQ(receive(*device, pool).frames, 1u);
  const Packet& frame = batch.packets()[0];
  EXPECT_EQ(frame->offload.kind, OffloadKind::tcp4);
  EXPECT_EQ(frame->offload.gso_size, 1448);
  EXPECT_EQ(frame->offload.transport, PacketBuffer::headroom + 34);
  EXPECT_EQ(received(), undone(tcp_of(20000), 1448).bytes);
}

TEST_F(SuperFrames, OfUdpToo) {
  const auto device = open();
  if (!device->offloads().uso4) GTEST_SKIP() << "a kernel with USO (Linux 6.2) is missing";
  KernelEnd("t0").send(undone(udp_of(20000), 1400));
  ASSERT_EQ(receive(*device, pool).frames, 1u);
  EXPECT_EQ(batch.packets()[0]->offload.kind, OffloadKind::udp4);
  EXPECT_EQ(received(), undone(udp_of(20000), 1400).bytes);
}

TEST_F(SuperFrames, AreTheKernelsToCutForWhoTakesNone) {
  const auto device = open(false);
  KernelEnd("t0").send(undone(tcp_of(4000), 1448));
  ASSERT_EQ(receive(*device, pool).frames, 3u);
  for (const Packet& each : batch.packets()) EXPECT_TRUE(each.is_plain() && each.size() <= 1514);
}

TEST_F(SuperFrames, ShortFramesStayInSmallBuffers) {
  const auto device = open();
  KernelEnd kernel("t0");
  for (const std::size_t payload : {0u, 1u, 1460u}) kernel.send(undone(tcp_of(payload)));
  ASSERT_EQ(receive(*device, pool).frames, 3u);
  for (const Packet& each : batch.packets()) {
    EXPECT_EQ(each->capacity, PacketPool::small_capacity);
    EXPECT_EQ(each->offload.kind, OffloadKind::checksum);
  }
  EXPECT_EQ(pool.large_in_use().level(), 1u) << "the next frame may be long";
}

TEST_F(SuperFrames, FramesOfEveryLengthComeInWhole) {
  for (const bool offload : {true, false}) {
    const auto device = open(offload, 9000);
    KernelEnd kernel("t0");
    for (const std::size_t length : {60u, 1918u, 1919u, 1920u, 1921u, 1922u, 4000u, 9014u}) {
      const Frame frame = sized(
          ethernet("02:00:00:00:00:09", "02:00:00:00:00:01", 0x88b5) / bytes(length - 14), length);
      kernel.send(frame);
      ASSERT_EQ(receive(*device, pool).frames, 1u) << length;
      EXPECT_EQ(received(), encode(frame)) << length;
    }
  }
}

TEST_F(SuperFrames, TheLongestThatTheKernelGivesComesIn) {
  const auto device = open();
  KernelEnd("t0").send(undone(tcp_of(65535 - 54), 1448));
  ASSERT_EQ(receive(*device, pool).frames, 1u);
  EXPECT_EQ(received().size(), 65535u);
}

TEST_F(SuperFrames, WithoutALargeBufferOnlyShortFramesComeIn) {
  PacketPool poor({.small = 8, .large = 0});
  const auto device = open();
  KernelEnd kernel("t0");
  kernel.send(undone(tcp_of(100)));
  kernel.send(undone(tcp_of(20000), 1448));
  kernel.send(undone(tcp_of(200)));
  const ReceiveResult got = receive(*device, poor);
  EXPECT_EQ(got.frames, 2u);
  EXPECT_EQ(got.no_buffer, 1u);
  EXPECT_EQ(batch.packets()[1].size(), 54u + 200u);
  batch.clear();  // its pool goes before it
}

TEST_F(SuperFrames, WithoutAnyBufferTheyAreTakenOffAndCounted) {
  PacketPool none({.small = 0, .large = 0});
  const auto device = open();
  KernelEnd("t0").send(undone(tcp_of(20000), 1448));
  EXPECT_EQ(receive(*device, none).no_buffer, 1u);
  EXPECT_EQ(receive(*device, none).no_buffer, 0u);
}

TEST_F(SuperFrames, AreNoMoreAtOnceThanBuffersLast) {
  const auto device = open();
  KernelEnd kernel("t0");
  for (int i = 0; i < 20; ++i) kernel.send(undone(tcp_of(9000), 1448));
  std::size_t frames = 0;
  for (bool more = true; more;) {
    batch.clear();
    const ReceiveResult got = device->receive(pool, batch);
    EXPECT_EQ(got.no_buffer, 0u);
    EXPECT_LE(got.frames, 8u);
    frames += got.frames;
    more = got.more;
  }
  EXPECT_EQ(frames, 20u);
}

TEST_F(SuperFrames, AsManyAsTheLastTimeComeWithoutAskingForMore) {
  const auto device = open();
  KernelEnd kernel("t0");
  const auto receive_once = [&] {
    batch.clear();
    const ReceiveResult got = device->receive(pool, batch);
    return std::tuple(got.frames, got.more, got.likely_all);
  };
  for (int i = 0; i < 7; ++i) {
    kernel.send(undone(tcp_of(100)));
    EXPECT_EQ(receive_once(), std::tuple(1u, true, true));
  }
  for (int i = 0; i < 3; ++i) kernel.send(undone(tcp_of(100)));
  EXPECT_EQ(receive_once(), std::tuple(1u, true, false)) << "this time somebody looks";
  EXPECT_EQ(receive_once(), std::tuple(2u, false, false));
  EXPECT_EQ(receive_once(), std::tuple(0u, false, false));
}

TEST_F(SuperFrames, SegmentsLongerThanTheMtuAreDroppedAndCounted) {
  const auto device = open();
  device->set_mtu(1400);
  KernelEnd kernel("t0");
  kernel.send(undone(tcp_of(9000), 1361));
  kernel.send(undone(tcp_of(9000), 1360));
  const ReceiveResult got = receive(*device, pool);
  EXPECT_EQ(got.too_long, 1u);
  EXPECT_EQ(got.frames, 1u);
}

TEST_F(SuperFrames, WhatNoProgramSendsIsRefused) {
  const auto device = open();
  KernelEnd kernel("t0");
  Undone train = undone(tcp_of(9000), 1448);
  train.bytes[14 + 20 + 13] |= std::byte{tcp_flag::syn};
  kernel.send(train);
  const ReceiveResult got = receive(*device, pool);
  EXPECT_EQ(got.malformed, 1u);
  EXPECT_EQ(got.frames, 0u);
}

TEST_F(SuperFrames, GoOutWhole) {
  const auto device = open();
  KernelEnd kernel("t0");
  EXPECT_EQ(transmit(*device, undone(tcp_of(20000), 1448)).sent, 1u);
  const Undone got = kernel.receive();
  EXPECT_EQ(got.offload, undone(tcp_of(20000), 1448).offload);
  EXPECT_EQ(got.bytes, undone(tcp_of(20000), 1448).bytes);
  EXPECT_EQ(transmit(*device, undone(tcp_of(100))).sent, 1u);
  EXPECT_EQ(kernel.receive().offload.kind, OffloadKind::checksum);
  EXPECT_EQ(transmit(*device, Undone(encode(tcp_of(100)))).sent, 1u);
  EXPECT_EQ(kernel.receive().offload.kind, OffloadKind::none);
}

TEST_F(SuperFrames, AreRefusedWhereNothingIsAgreed) {
  const auto device = open(false);
  EXPECT_EQ(transmit(*device, undone(tcp_of(20000), 1448)).full, 1u);
  EXPECT_EQ(transmit(*device, Undone(encode(tcp_of(100)))).sent, 1u);
}

TEST_F(SuperFrames, APersistentDeviceIsAskedAnew) {
  ASSERT_TRUE(shell("ip tuntap add t0 mode tap vnet_hdr && ip link set t0 up"));
  {
    // As some other program may have left it: a header of twelve bytes, and all offloads.
    const Descriptor other(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    ifreq request{};
    std::strncpy(request.ifr_name, "t0", IFNAMSIZ - 1);
    request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
    ASSERT_EQ(::ioctl(other.number(), TUNSETIFF, &request), 0);
    int size = 12;
    int little_endian = 1;
    ASSERT_EQ(::ioctl(other.number(), TUNSETVNETHDRSZ, &size), 0);
    ASSERT_EQ(::ioctl(other.number(), TUNSETVNETLE, &little_endian), 0);
    ASSERT_EQ(::ioctl(other.number(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), 0);
  }
  for (const bool offload : {false, true, false}) {
    const auto device = open(offload);
    EXPECT_TRUE(device->attached());
    EXPECT_EQ(kernel_gives_super_frames("t0"), offload);
    KernelEnd("t0").send(undone(tcp_of(4000), 1448));
    EXPECT_EQ(receive(*device, pool).frames, offload ? 1u : 3u);
  }
  EXPECT_TRUE(shell("ip link del t0"));
}

TEST_F(SuperFrames, AnAdoptedDeviceSpeaksAsItWasTied) {
  for (const int flag : {0, IFF_VNET_HDR}) {
    Descriptor tied(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    ifreq request{};
    std::strncpy(request.ifr_name, "t0", IFNAMSIZ - 1);
    request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | flag);
    ASSERT_EQ(::ioctl(tied.number(), TUNSETIFF, &request), 0);
    ASSERT_TRUE(shell("ip link set t0 up"));
    const auto device = TapDevice::adopt({.name = "t0", .offload = true}, std::move(tied));
    EXPECT_EQ(device->offloads().tso4, flag != 0);
    KernelEnd("t0").send(tcp_of(100));
    ASSERT_EQ(receive(*device, pool).frames, 1u);
    EXPECT_EQ(received(), encode(tcp_of(100)));
  }
}

TEST_F(SuperFrames, ATunCarriesThemWithoutFrames) {
  auto opened = TapDevice::open({.name = "u0", .kind = TapKind::tun, .offload = true});
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE((*opened)->offloads().tso4);
  Undone frame = undone(tcp_of(9000), 1448);
  frame.bytes.erase(frame.bytes.begin(), frame.bytes.begin() + 14);
  frame.offload = frame.offload.moved(-14);
  EXPECT_EQ(transmit(**opened, frame).sent, 1u);
}

}  // namespace
}  // namespace smolstack::io
