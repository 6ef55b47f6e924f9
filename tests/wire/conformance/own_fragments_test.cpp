// Fragments that the machine makes of its own packets: RFC 791 §2.3, §3.2, RFC 6864 §4.3.

#include <algorithm>

#include "wire/kit/fragments.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::SizeIs;

Frame ping(std::size_t size, std::uint16_t sequence = 1) {
  return ipv4("10.0.1.9", "10.0.1.1", {.id = sequence}) / icmp_echo(7, sequence) / bytes(size);
}
Ipv4Fields fields_of(const Captured& captured) {
  return layer<Ipv4Layer>(decode(captured.bytes))->fields;
}

class OwnFragmentsOnTheWire : public EitherTest {};
EITHER_ROLE(OwnFragmentsOnTheWire);

TEST_P(OwnFragmentsOnTheWire, JoinExactlyAndShareTheirHeader) {  // RFC 1122 §3.3.3
  proves("FRAG-OUT-FORM");
  lan.sends(fragments_of(ping(4000), 1500));
  const auto& pieces = lan.received();
  ASSERT_THAT(pieces, SizeIs(3));
  std::vector<Frame> frames;
  for (const Captured& each : pieces) {
    const Ipv4Fields fields = fields_of(each);
    EXPECT_EQ(each, ipv4("10.0.1.1", "10.0.1.9",
                         {.ttl = 64, .id = fields_of(pieces[0]).id, .protocol = 1}));
    EXPECT_LE(*fields.total_length, 1500);
    EXPECT_TRUE(!*fields.more || (*fields.total_length - 20) % 8 == 0);
    frames.push_back(decode(each.bytes));
  }
  EXPECT_EQ(join(frames), encode(icmp_echo_reply(7, 1) / bytes(4000)));
}

TEST_P(OwnFragmentsOnTheWire, FitTheMtuWhateverItIs) {
  proves("FRAG-OUT-FORM");
  for (const unsigned mtu : {1006u, 577u, 576u, 296u}) {
    machine().run("ip link set eth0 mtu " + std::to_string(mtu));
    lan.interface().mtu = mtu;
    lan.forget();
    lan.sends(fragments_of(ping(2000), mtu));
    const std::size_t step = (mtu - 20) / 8 * 8;
    EXPECT_THAT(lan.received(), SizeIs((2008 + step - 1) / step)) << mtu;
    EXPECT_THAT(whole(lan.received()), OnePacket(icmp_echo_reply(7, 1) / bytes(2000))) << mtu;
  }
}

class HostOwnFragmentsOnTheWire : public HostTest {};

TEST_F(HostOwnFragmentsOnTheWire, OfConsecutivePacketsDifferInIdentification) {
  proves("FRAG-OUT-IDS");
  for (std::uint16_t i = 0; i < 20; ++i) lan.sends(fragments_of(ping(2000, i), 1500));
  ASSERT_THAT(lan.received(), SizeIs(40));
  std::vector<unsigned> ids;
  for (const Captured& each : lan.received())
    if (const Ipv4Fields fields = fields_of(each); fields.offset == 0) ids.push_back(*fields.id);
  ASSERT_THAT(ids, SizeIs(20));
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

}  // namespace
}  // namespace smolstack::test
