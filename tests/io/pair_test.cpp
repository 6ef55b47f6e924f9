#include "smolstack/io/pair.hpp"

#include <poll.h>

#include <gtest/gtest.h>

#include "lab/support/undone.hpp"

namespace smolstack::io {
namespace {

bool readable(const Device& device) {
  pollfd one{device.descriptor(), POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

class Pair : public testing::Test {
 protected:
  static constexpr std::size_t room = 4;

  void send(std::size_t frames, std::size_t bytes = 60) {
    for (std::size_t i = 0; i < frames; ++i) {
      Packet packet = near_pool.allocate(bytes);
      packet.append(bytes)[0] = static_cast<std::byte>(i);
      batch.push(std::move(packet));
    }
    sent = near->transmit(batch);
  }
  void receive() { got = far->receive(far_pool, batch); }

  PacketPool near_pool{{.small = 64, .large = 0}};
  PacketPool far_pool{{.small = 3, .large = 0}};
  std::unique_ptr<PairDevice> near, far;
  Batch batch;
  TransmitResult sent;
  ReceiveResult got;

  void SetUp() override { std::tie(near, far) = PairDevice::make(room, 100); }
};

TEST_F(Pair, CarriesFramesInOrderIntoTheOtherPool) {
  send(3);
  EXPECT_EQ(sent.sent, 3u);
  EXPECT_EQ(near_pool.small_in_use().level(), 0u);
  receive();
  ASSERT_EQ(got.frames, 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batch.packets()[i].size(), 60u);
    EXPECT_EQ(batch.packets()[i].bytes()[0], static_cast<std::byte>(i));
    EXPECT_EQ(batch.packets()[i]->begin, PacketBuffer::headroom);
  }
  EXPECT_EQ(far_pool.small_in_use().level(), 3u);
}

TEST_F(Pair, DescriptorIsReadableWhileFramesWait) {
  EXPECT_FALSE(readable(*far));
  send(1);
  EXPECT_TRUE(readable(*far));
  EXPECT_FALSE(readable(*near));
  receive();
  EXPECT_FALSE(readable(*far));
}

TEST_F(Pair, RefusesWhatDoesNotFit) {
  send(room + 2);
  EXPECT_EQ(sent.sent, room);
  EXPECT_EQ(sent.full, 2u);
  EXPECT_TRUE(batch.empty());
}

TEST_F(Pair, CountsFramesWithoutABuffer) {
  send(4);
  receive();
  EXPECT_EQ(got.frames, 3u);
  EXPECT_EQ(got.no_buffer, 1u);
  EXPECT_FALSE(readable(*far));
}

TEST_F(Pair, CountsFramesThatAreTooLong) {
  send(1, 101);
  receive();
  EXPECT_EQ(got.too_long, 1u);
  send(1, 100);
  receive();
  EXPECT_EQ(got.frames, 1u);
}

TEST_F(Pair, CarriesWhatIsLeftUndone) {
  using namespace test;
  std::tie(near, far) = PairDevice::make(room, 60 + 14 + 40);
  EXPECT_EQ(near->offloads(), all_offloads);
  const Undone frame =
      undone(ethernet("02:00:00:00:00:09", "02:00:00:00:00:01") / ipv4("10.0.0.9", "10.0.0.1") /
                 tcp(1, 2, {.flags = tcp_flag::ack}) / bytes(600),
             60);
  Packet packet = near_pool.allocate(700);
  packet.append(20);
  packet.pull(20);  // wherever the frame lies in its buffer
  put(frame, packet);
  batch.push(std::move(packet));
  near->transmit(batch);
  receive();
  ASSERT_EQ(got.frames, 1u) << "its segments are not too long";
  const Packet& there = batch.packets()[0];
  EXPECT_EQ(there->offload, frame.offload.moved(there->begin));
}

TEST_F(Pair, AnEndThatIsDownCarriesNothingUntilItIsUp) {
  near->set_state(DeviceState::down);
  send(2);
  EXPECT_EQ(sent.down, 2u);
  near->set_state(DeviceState::ready);
  send(2);
  EXPECT_EQ(sent.sent, 2u);
}

TEST_F(Pair, AGoneEndComesBackOnceItIsRepaired) {
  far->set_state(DeviceState::gone);
  EXPECT_EQ(far->descriptor(), -1);
  EXPECT_FALSE(far->reopen());
  far->repaired();
  EXPECT_TRUE(far->reopen());
  EXPECT_EQ(far->state(), DeviceState::ready);
}

TEST_F(Pair, OneEndMayOutliveTheOther) {
  send(1);
  near.reset();
  receive();
  EXPECT_EQ(got.frames, 1u);
}

}  // namespace
}  // namespace smolstack::io
