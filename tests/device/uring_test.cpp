// Many frames in one system call, between a TAP of ours and the kernel at its other end.

#include "smolstack/io/uring.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include <gmock/gmock.h>

#include "device/kernel_end.hpp"
#include "device/namespace.hpp"
#include "smolstack/io/tap.hpp"

namespace smolstack::io {
namespace {

using test::bytes;
using test::ethernet;
using test::Frame;
using test::ipv4;
using test::Octets;
using test::udp;
using test::Undone;
using test::undone;
using testing::ElementsAre;
using testing::IsNull;

/// The ring, or what this kernel's refusal means for the test.
class Ring : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("SMOLSTACK_URING", "on", 1);
    uring = Uring::make();
    if (uring == nullptr) GTEST_SKIP() << "no io_uring here";
  }
  std::unique_ptr<Uring> uring;
};

TEST_F(Ring, DoesWhatWasEnteredInThatOrder) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Descriptor out(ends[0]), in(ends[1]);
  const std::string words = "abcdef";
  uring->write(in.number(), words.data(), 1);
  uring->write(in.number(), words.data() + 1, 2);
  uring->write(in.number(), words.data() + 3, 3);
  EXPECT_THAT(uring->run(), ElementsAre(1, 2, 3));
  std::string read(6, '.');
  uring->read(out.number(), read.data(), 2);
  uring->read(out.number(), read.data() + 2, 4);
  EXPECT_THAT(uring->run(), ElementsAre(2, 4));
  EXPECT_EQ(read, words);
  EXPECT_TRUE(uring->works());
}

TEST_F(Ring, NeverWaits) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Descriptor out(ends[0]), in(ends[1]);
  char byte = 0;
  uring->read(out.number(), &byte, 1);
  uring->read(-1, &byte, 1);
  EXPECT_THAT(uring->run(), ElementsAre(-EAGAIN, -EBADF));
  EXPECT_TRUE(uring->works());
}

TEST_F(Ring, RunsWithNothingToDo) {
  EXPECT_TRUE(uring->run().empty());
}

TEST_F(Ring, TakesAsManyAsItSaysAgainAndAgain) {
  const Descriptor zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  char byte = 1;
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < Uring::capacity; ++i) uring->read(zero.number(), &byte, 1);
    EXPECT_THAT(uring->run(), testing::Each(1));
  }
}

TEST_F(Ring, SaysWhenTheKernelCannot) {
  const Descriptor text(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  char byte = 0;
  uring->read(text.number(), &byte, 1);
  EXPECT_THAT(uring->run(), ElementsAre(-EOPNOTSUPP));
  EXPECT_FALSE(uring->works());
}

TEST_F(Ring, MayBeSwitchedOff) {
  ::setenv("SMOLSTACK_URING", "off", 1);
  EXPECT_THAT(Uring::make(), IsNull());
}

/// How many rings this process has.
std::ptrdiff_t rings() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::ranges::count_if(all, [](const auto& each) {
    std::error_code gone;
    return read_symlink(each.path(), gone) == "anon_inode:[io_uring]";
  });
}

/// With super-frames (each read has a large buffer) and without (a small one).
class ManyFrames : public InNamespace, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    ::setenv("SMOLSTACK_URING", "on", 1);
    InNamespace::SetUp();
  }
  static Frame udp_of(std::size_t payload) {
    return ethernet("02:00:00:00:00:09", "02:00:00:00:00:01") / ipv4("10.0.0.9", "10.0.0.1") /
           udp(1, 2) / bytes(payload);
  }
  void open() {
    auto opened = TapDevice::open({.name = "t0", .offload = GetParam()});
    ASSERT_TRUE(opened.has_value());
    device = std::move(*opened);
    kernel.emplace("t0");
  }
  /// From now on the device expects many at once.
  void warm_up() {
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 30; ++i) kernel->send(udp_of(20));
      EXPECT_EQ(receive().frames, 30u);
    }
  }
  ReceiveResult receive() { return receive_all(*device, *pool, batch); }
  TransmitResult transmit(std::size_t count) {
    batch.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const Octets frame = encode(udp_of(i));
      Packet packet = pool->allocate(frame.size());
      std::ranges::copy(frame, packet.append(frame.size()).begin());
      batch.push(std::move(packet));
    }
    return device->transmit(batch);
  }
  Octets received(std::size_t i) { return octets_of(batch, i); }

  std::unique_ptr<PacketPool> pool = std::make_unique<PacketPool>();
  std::unique_ptr<TapDevice> device;
  std::optional<KernelEnd> kernel;
  Batch batch;
};

INSTANTIATE_TEST_SUITE_P(Offload, ManyFrames, testing::Bool(),
                         [](const auto& each) { return each.param ? "on" : "off"; });

TEST_P(ManyFrames, ComeInTheirOrderAndWhole) {
  open();
  warm_up();
  for (std::size_t i = 0; i < 200; ++i) kernel->send(udp_of(i * 7));
  EXPECT_EQ(receive().frames, 200u);
  for (std::size_t i = 0; i < 200; ++i) ASSERT_EQ(received(i), encode(udp_of(i * 7))) << i;
  EXPECT_EQ(receive().frames, 0u);
}

TEST_P(ManyFrames, LeaveInTheirOrderAndWhole) {
  open();
  EXPECT_EQ(transmit(200).sent, 200u);
  for (std::size_t i = 0; i < 200; ++i) ASSERT_EQ(kernel->receive().bytes, encode(udp_of(i))) << i;
}

TEST_P(ManyFrames, ThatAreTooLongAreCountedAndTheOthersCome) {
  open();
  warm_up();
  device->set_mtu(1000);
  for (std::size_t i = 0; i < 40; ++i) kernel->send(udp_of(i % 4 == 0 ? 1000 : i));
  const ReceiveResult got = receive();
  EXPECT_EQ(got.too_long, 10u);
  EXPECT_EQ(got.frames, 30u);
  EXPECT_EQ(received(0), encode(udp_of(1)));
  EXPECT_EQ(received(29), encode(udp_of(39)));
}

TEST_P(ManyFrames, WithoutBuffersAreCountedAndTheDeviceIsEmptyThen) {
  pool = std::make_unique<PacketPool>(PoolSizes{.small = 34, .large = 4});
  open();
  warm_up();
  for (int i = 0; i < 50; ++i) kernel->send(udp_of(20));
  const ReceiveResult got = receive();
  EXPECT_GE(got.frames, 30u);
  EXPECT_EQ(got.frames + got.no_buffer, 50u);
  batch.clear();
  kernel->send(udp_of(5));
  EXPECT_EQ(receive().frames, 1u);
}

TEST_P(ManyFrames, FindTheirDeviceDownAndUpAgain) {
  open();
  ASSERT_TRUE(shell("ip link set t0 down"));
  EXPECT_EQ(transmit(20).down, 20u);
  EXPECT_EQ(device->state(), DeviceState::down);
  ASSERT_TRUE(shell("ip link set t0 up"));
  EXPECT_EQ(transmit(20).sent, 20u);
  EXPECT_EQ(device->state(), DeviceState::ready);
}

TEST_P(ManyFrames, FindTheirDeviceGone) {
  open();
  warm_up();
  ASSERT_TRUE(shell("ip link del t0"));
  EXPECT_EQ(transmit(20).down, 20u);
  EXPECT_EQ(device->state(), DeviceState::gone);
  EXPECT_EQ(transmit(20).down, 20u);
  EXPECT_EQ(receive().frames, 0u);
}

TEST_P(ManyFrames, AfterSuperFramesComeOneByOneAndThenTogetherAgain) {
  open();
  warm_up();
  const Frame train = ethernet("02:00:00:00:00:09", "02:00:00:00:00:01") /
                      ipv4("10.0.0.9", "10.0.0.1") / test::tcp(1, 2, {.flags = tcp_flag::ack}) /
                      bytes(9000);
  for (int i = 0; i < 20; ++i) kernel->send(undone(train, 1448));
  EXPECT_GE(receive().frames, 20u);  // where the device takes none the kernel has cut them
  EXPECT_EQ(batch.packets().back().is_super_frame(), GetParam());
  warm_up();
}

TEST_P(ManyFrames, MakeTheRingAndFewDoNot) {
  if (Uring::make() == nullptr) GTEST_SKIP() << "no io_uring here";
  open();
  for (int i = 0; i < 5; ++i) {
    kernel->send(udp_of(20));
    EXPECT_EQ(receive().frames, 1u);
    EXPECT_EQ(transmit(1).sent, 1u);
  }
  EXPECT_EQ(rings(), 0);
  warm_up();
  EXPECT_EQ(rings(), 1);
}

}  // namespace
}  // namespace smolstack::io
