#include "smolstack/udp/input.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "smolstack/wire/udp.hpp"

namespace smolstack {
namespace {

const Ipv4Address here(10, 0, 0, 1);
const Ipv4Address there(10, 0, 0, 2);

class UdpInput : public testing::Test {
 protected:
  template <class Change>
  UdpVerdict verdict_on(Change&& change) {
    Packet packet = pool.allocate(33);
    packet.append(33);
    std::ranges::fill(packet.bytes(), std::byte{0x61});
    auto& ip = packet.header<wire::Ipv4Header>() = wire::Ipv4Header();
    ip.protocol = ip_protocol::udp;
    ip.source = there;
    ip.destination = here;
    const Bytes datagram = packet.bytes().subspan(20);
    auto& udp = header_at<wire::UdpHeader>(datagram);
    udp = {std::uint16_t{5000}, std::uint16_t{7}, std::uint16_t{13}, {}};
    udp.checksum = pseudo_header_sum(there, here, 17, 13).add(datagram).finish();
    change(udp);
    return udp_input(packet);
  }

  PacketPool pool{{.small = 4, .large = 0}};
};

TEST_F(UdpInput, OwesPortUnreachableForWhatIsIntact) {  // RFC 1122 §4.1.3.1
  const auto verdict = verdict_on([](auto&) {});
  EXPECT_EQ(verdict.reason, DropReason::no_socket);
  EXPECT_TRUE(verdict.port_unreachable);
}

TEST_F(UdpInput, TakesADatagramWithoutChecksum) {  // RFC 1122 §4.1.3.4
  EXPECT_TRUE(verdict_on([](auto& udp) { udp.checksum = std::uint16_t{0}; }).port_unreachable);
}

TEST_F(UdpInput, IsSilentAboutDamage) {  // RFC 1122 §4.1.3.4
  const auto damaged = verdict_on([](auto& udp) { udp.source_port = std::uint16_t{5001}; });
  EXPECT_EQ(damaged.reason, DropReason::transport_checksum);
  EXPECT_FALSE(damaged.port_unreachable);
}

TEST_F(UdpInput, IsSilentAboutLengthsThatDoNotFit) {  // RFC 768
  for (const std::uint32_t length : {0u, 7u, 14u, 65535u}) {
    const auto verdict =
        verdict_on([&](auto& udp) { udp.length = static_cast<std::uint16_t>(length); });
    EXPECT_EQ(verdict.reason, DropReason::transport_malformed) << length;
    EXPECT_FALSE(verdict.port_unreachable) << length;
  }
}

}  // namespace
}  // namespace smolstack
