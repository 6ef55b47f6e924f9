#include "smolstack/measure/forward_course.hpp"

#include <gmock/gmock.h>

#include "smolstack/wire/ethernet.hpp"

namespace smolstack::measure {
namespace {

const wire::EthernetHeader& ethernet(const Packet& frame) {
  return header_at<wire::EthernetHeader>(ConstBytes(frame.bytes()));
}

const wire::Ipv4Header& ipv4(const Packet& frame) {
  return header_at<wire::Ipv4Header>(ConstBytes(frame.bytes()).subspan(14));
}

/// One hop further, to the gateway of its route, with a checksum that is right.
void expect_forwarded(const Packet& frame) {
  EXPECT_EQ(ethernet(frame).source, default_mac(Ipv4Address(10, 1, 2, 3)));
  EXPECT_EQ(ipv4(frame).ttl, 63);
  EXPECT_EQ(internet_checksum(ConstBytes(frame.bytes()).subspan(14, 20)), 0);
}

TEST(ForwardCourse, ForwardsTheSameFramesAgainAndAgain) {
  ForwardCourse course({64, 64, 16});
  for (int round = 0; round < 3; ++round) {
    course.renew();
    ASSERT_TRUE(course.forward());
    for (const Packet& frame : course.frames()) expect_forwarded(frame);
  }
}

TEST(ForwardCourse, AsksEachRouteInTurn) {
  ForwardCourse course({64, 32, 16});
  course.renew();
  ASSERT_TRUE(course.forward());
  for (std::size_t i = 0; i < course.frames().size(); ++i) {
    const auto route = static_cast<std::uint8_t>(i % 16);
    const Packet& frame = course.frames()[i];
    EXPECT_EQ(ipv4(frame).destination, Ipv4Address(20, route, 0, 7));
    const Ipv4Address gateway(10, 1, 2, static_cast<std::uint8_t>(10 + route));
    EXPECT_EQ(ethernet(frame).destination, default_mac(gateway));
  }
}

TEST(ForwardCourse, HasARouteForEveryDestinationOfALargeTable) {
  ForwardCourse course({1500, 256, 5000});
  for (int round = 0; round < 300; ++round) {
    course.renew();
    ASSERT_TRUE(course.forward()) << "round " << round;
  }
  for (const Packet& frame : course.frames()) expect_forwarded(frame);
}

TEST(ForwardCourse, LosesWhatIsNotRenewed) {
  ForwardCourse course({64, 8, 1});
  course.renew();
  ASSERT_TRUE(course.forward());
  EXPECT_FALSE(course.forward()) << "these frames are for the gateway, not for the router";
}

}  // namespace
}  // namespace smolstack::measure
