#include "smolstack/io/pair.hpp"

#include <poll.h>

#include <gtest/gtest.h>

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
