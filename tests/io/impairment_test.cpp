#include <deque>
#include <vector>

#include <gtest/gtest.h>

#include "lab/support/undone.hpp"
#include "smolstack/io/impairment_device.hpp"

namespace smolstack::io {
namespace {

using namespace std::chrono_literals;

/// What the device behind the impairment has, gets and is.
struct Wire {
  std::deque<Packet> arriving;
  std::vector<Packet> sent;
  unsigned reads = 0;
  std::size_t refuses = 0;
  std::uint32_t mtu = 0;
};

class WireDevice final : public Device {
 public:
  explicit WireDevice(Wire& wire) : wire_(wire) {}
  ReceiveResult receive(PacketPool& /*pool*/, Batch& into) override {
    ++wire_.reads;
    ReceiveResult result{.too_long = 1, .no_buffer = 2};
    for (; !wire_.arriving.empty() && !into.full(); ++result.frames) {
      into.push(std::move(wire_.arriving.front()));
      wire_.arriving.pop_front();
    }
    result.more = !wire_.arriving.empty();
    return result;
  }
  TransmitResult transmit(Batch& from) override {
    TransmitResult result{.sent = from.size() - std::min(wire_.refuses, from.size())};
    result.full = from.size() - result.sent;
    for (Packet& frame : from.packets()) wire_.sent.push_back(std::move(frame));
    from.clear();
    return result;
  }
  OffloadCapabilities offloads() const override { return all_offloads; }
  int descriptor() const override { return 42; }
  DeviceState state() const override { return DeviceState::down; }
  bool reopen() override { return true; }
  void set_mtu(std::uint32_t mtu) override { wire_.mtu = mtu; }

 private:
  Wire& wire_;
};

class ImpairedDevice : public testing::Test {
 protected:
  void impair(Direction direction, std::string_view words) {
    device.set(direction, parse_impairment(words).value());
  }
  Packet frame() {
    Packet packet = pool.allocate(100);
    packet.append(100);
    return packet;
  }
  TransmitResult send(std::size_t count) {
    batch.clear();
    for (std::size_t i = 0; i < count; ++i) batch.push(frame());
    return device.transmit(batch);
  }
  ReceiveResult receive(std::size_t count = 0) {
    for (std::size_t i = 0; i < count; ++i) wire.arriving.push_back(frame());
    batch.clear();
    return device.receive(pool, batch);
  }

  PacketPool pool{{.small = 2048, .large = 0}};
  Instant now{1h};
  Wire wire;
  Batch batch;
  Impairment device{std::make_unique<WireDevice>(wire), {"a", 1}, [this] { return now; }};
};

/// 1,500 bytes that are to be three segments.
Packet super_frame(PacketPool& pool) {
  using namespace test;
  Packet packet = pool.allocate(1600);
  put(undone(ethernet("02:00:00:00:00:09", "02:00:00:00:00:01") / ipv4("10.0.0.9", "10.0.0.1") /
                 tcp(1, 2, {.flags = tcp_flag::ack}) / bytes(1500),
             500),
      packet);
  return packet;
}

TEST_F(ImpairedDevice, TakesSuperFramesOnlyWhereItDoesNothing) {
  EXPECT_EQ(device.offloads(), all_offloads);
  impair(Direction::in, "delay 1ms");
  EXPECT_EQ(device.offloads(), all_offloads);
  impair(Direction::out, "delay 1ms");
  EXPECT_EQ(device.offloads(), OffloadCapabilities());
  send(1);
  impair(Direction::out, "off");
  EXPECT_EQ(device.offloads(), OffloadCapabilities()) << "one is still under way";
  now += 1ms;
  batch.clear();
  (void)device.transmit(batch);
  EXPECT_EQ(device.offloads(), all_offloads);
}

TEST_F(ImpairedDevice, SuperFramesThatComeInAreCutBeforeTheyAreImpaired) {
  impair(Direction::in, "duplicate 100%");
  wire.arriving.push_back(super_frame(pool));
  EXPECT_EQ(receive().frames, 6u);
  for (const Packet& each : batch.packets()) EXPECT_TRUE(each.is_plain() && each.size() == 554);
}

TEST_F(ImpairedDevice, ABitErrorIsNotHiddenByAnUnfinishedChecksum) {
  impair(Direction::in, "corrupt 100%");
  Packet packet = super_frame(pool);
  packet->offload.kind = OffloadKind::checksum;
  packet->offload.gso_size = 0;
  wire.arriving.push_back(std::move(packet));
  EXPECT_EQ(receive().frames, 1u);
  EXPECT_TRUE(batch.packets()[0].is_plain());
}

TEST_F(ImpairedDevice, WithoutImpairmentSuperFramesComeInWhole) {
  wire.arriving.push_back(super_frame(pool));
  EXPECT_EQ(receive().frames, 1u);
  EXPECT_TRUE(batch.packets()[0].is_super_frame());
}

TEST_F(ImpairedDevice, ASuperFrameThatCannotBeCutIsCounted) {
  impair(Direction::in, "loss 0.1%");
  PacketPool poor({.small = 2, .large = 0});
  wire.arriving.push_back(super_frame(poor));
  batch.clear();
  const ReceiveResult got = device.receive(poor, batch);
  EXPECT_EQ(got.frames, 0u);
  EXPECT_EQ(got.no_buffer, 2u + 1u);
}

TEST_F(ImpairedDevice, OffIsAsIfItWereNotThere) {
  Packet one = frame();
  Packet two = frame();
  const std::byte* const out = one.bytes().data();
  const std::byte* const in = two.bytes().data();
  batch.push(std::move(one));
  EXPECT_EQ(device.transmit(batch).sent, 1u);
  EXPECT_EQ(wire.sent.at(0).bytes().data(), out);
  wire.arriving.push_back(std::move(two));
  EXPECT_EQ(receive().frames, 1u);
  EXPECT_EQ(batch.packets()[0].bytes().data(), in);
  EXPECT_EQ(device.next_deadline(), std::nullopt);
}

TEST_F(ImpairedDevice, AsksTheDeviceForAllElse) {
  EXPECT_EQ(device.descriptor(), 42);
  EXPECT_EQ(device.state(), DeviceState::down);
  EXPECT_TRUE(device.reopen());
  device.set_mtu(1400);
  EXPECT_EQ(wire.mtu, 1400u);
}

TEST_F(ImpairedDevice, DelaysWhatIsSentUntilTheDeadline) {
  impair(Direction::out, "delay 20ms");
  EXPECT_EQ(send(3).sent, 0u);
  EXPECT_EQ(device.next_deadline(), now + 20ms);
  now += 20ms;
  EXPECT_EQ(send(0).sent, 3u);
  EXPECT_EQ(wire.sent.size(), 3u);
  EXPECT_EQ(device.next_deadline(), std::nullopt);
}

TEST_F(ImpairedDevice, DelaysWhatIsReceivedUntilTheDeadline) {
  impair(Direction::in, "delay 20ms");
  const ReceiveResult got = receive(3);
  EXPECT_EQ(got.frames, 0u);
  EXPECT_EQ(got.delayed, 3u);
  EXPECT_EQ(device.next_deadline(), now + 20ms);
  now += 20ms;
  EXPECT_EQ(receive().frames, 3u);
  EXPECT_EQ(batch.size(), 3u);
}

TEST_F(ImpairedDevice, EachDirectionOnItsOwn) {
  impair(Direction::out, "loss 100%");
  EXPECT_EQ(send(2).lost, 2u);
  EXPECT_EQ(receive(2).frames, 2u);
  impair(Direction::out, "off");
  impair(Direction::in, "loss 100%");
  EXPECT_EQ(send(2).sent, 2u);
  EXPECT_EQ(receive(2).lost, 2u);
}

TEST_F(ImpairedDevice, TheDeadlineIsTheEarlierOfBothDirections) {
  impair(Direction::out, "delay 20ms");
  impair(Direction::in, "delay 10ms");
  send(1);
  EXPECT_EQ(device.next_deadline(), now + 20ms);
  receive(1);
  EXPECT_EQ(device.next_deadline(), now + 10ms);
}

TEST_F(ImpairedDevice, SaysWhatItDropped) {
  impair(Direction::out, "delay 1ms limit 3");
  const TransmitResult sent = send(5);
  EXPECT_EQ(sent.queue_full, 2u);
  EXPECT_EQ(sent.full, 0u);
  impair(Direction::in, "delay 1ms limit 3");
  const ReceiveResult got = receive(5);
  EXPECT_EQ(got.queue_full, 2u);
  EXPECT_EQ(got.delayed, 3u);
  EXPECT_EQ(got.too_long, 1u);
  EXPECT_EQ(got.no_buffer, 2u);
}

TEST_F(ImpairedDevice, PassesOnWhatTheDeviceRefused) {
  impair(Direction::out, "delay 1ms");
  wire.refuses = 1;
  send(3);
  now += 1ms;
  const TransmitResult result = send(0);
  EXPECT_EQ(result.sent, 2u);
  EXPECT_EQ(result.full, 1u);
}

TEST_F(ImpairedDevice, MoreThanABatchCanComeDueAtOnce) {
  impair(Direction::out, "duplicate 100% delay 1ms");
  send(Batch::capacity);
  now += 1ms;
  EXPECT_EQ(send(0).sent, 2 * Batch::capacity);

  impair(Direction::in, "duplicate 100%");
  const ReceiveResult first = receive(Batch::capacity);
  EXPECT_EQ(first.frames, Batch::capacity);
  EXPECT_EQ(first.delayed, Batch::capacity);
  EXPECT_TRUE(first.more);
  const unsigned reads = wire.reads;
  EXPECT_EQ(receive().frames, Batch::capacity);
  EXPECT_EQ(wire.reads, reads) << "what waits goes first";
}

TEST_F(ImpairedDevice, WhatIsUnderWayComesOutWhenItIsCleared) {
  impair(Direction::out, "delay 1s");
  impair(Direction::in, "delay 1s");
  send(1);
  receive(1);
  impair(Direction::out, "off");
  impair(Direction::in, "off");
  EXPECT_EQ(device.next_deadline(), now);
  EXPECT_EQ(send(1).sent, 2u);
  EXPECT_EQ(receive(1).frames, 2u);
  EXPECT_EQ(device.next_deadline(), std::nullopt);
}

TEST_F(ImpairedDevice, WrapsAnother) {
  auto inner = std::make_unique<Impairment>(std::make_unique<WireDevice>(wire), WireEnd{"b", 1},
                                            [this] { return now; });
  inner->set(Direction::out, parse_impairment("delay 5ms").value());
  Impairment outer(std::move(inner), {"c", 1}, [this] { return now; });
  outer.set(Direction::out, parse_impairment("delay 10ms").value());
  batch.push(frame());
  outer.transmit(batch);
  now += 10ms;
  outer.transmit(batch);
  EXPECT_EQ(outer.next_deadline(), now + 5ms);
  now += 5ms;
  EXPECT_EQ(outer.transmit(batch).sent, 1u);
}

TEST(Impairments, AreFoundByInterface) {
  Wire wire;
  Impairments all;
  const auto wrapped = all.wrap(IfIndex{2}, std::make_unique<WireDevice>(wire), {"a", 1});
  EXPECT_EQ(all.find(IfIndex{2}), wrapped.get());
  EXPECT_EQ(all.find(IfIndex{3}), nullptr);
}

}  // namespace
}  // namespace smolstack::io
