// The rows of /proc/net/tcp and its like.

#include <gmock/gmock.h>

#include "smolstack/mirror/namespace_reading.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::mirror {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view head =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

std::vector<ListeningPort> tcp_ports(const std::string& rows) {
  return parse_ports(std::string(head) + rows, ip_protocol::tcp);
}

/// An address as the kernel prints it: the number that its bytes are in this machine's memory.
std::string printed(Ipv4Address address) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08X", swap_if_little(address.host()));
  return text.data();
}

TEST(ListeningPorts, ASocketThatListensHasItsAddressAndPort) {
  const std::string local = printed(Ipv4Address(127, 0, 0, 1));
  EXPECT_THAT(
      tcp_ports("   0: " + local + ":0035 00000000:0000 0A 00000000:00000000 00:00000000\n"),
      ElementsAre(ListeningPort{ip_protocol::tcp, Ipv4Address(127, 0, 0, 1), 53}));
}

TEST(ListeningPorts, AConnectionIsNoListener) {
  EXPECT_THAT(tcp_ports("   0: 00000000:0016 0100000A:8000 01 00000000:00000000\n"), IsEmpty());
}

TEST(ListeningPorts, AUdpSocketWithoutAPeerCounts) {
  EXPECT_THAT(parse_ports("  12: 00000000:0202 00000000:0000 07 0:0\n", ip_protocol::udp),
              ElementsAre(ListeningPort{ip_protocol::udp, Ipv4Address(), 514}));
}

TEST(ListeningPorts, AnyAddressOfIpv6IsReachedByIpv4Too) {
  EXPECT_THAT(tcp_ports("0: 00000000000000000000000000000000:0050 0:0 0A 0\n"),
              ElementsAre(ListeningPort{ip_protocol::tcp, Ipv4Address(), 80}));
}

TEST(ListeningPorts, AMappedAddressIsThatOfIpv4) {
  const std::string mapped =
      "0000000000000000" + printed(Ipv4Address(0xffffu)) + printed(Ipv4Address(10, 1, 2, 3));
  EXPECT_THAT(tcp_ports("0: " + mapped + ":0050 0:0 0A 0\n"),
              ElementsAre(ListeningPort{ip_protocol::tcp, Ipv4Address(10, 1, 2, 3), 80}));
}

TEST(ListeningPorts, AnotherAddressOfIpv6IsNot) {
  EXPECT_THAT(tcp_ports("0: 000080FE000000000000000001000000:0050 0:0 0A 0\n"), IsEmpty());
}

TEST(ListeningPorts, WhatIsNoRowIsPassedOver) {
  for (const char* row :
       {"", "\n\n", "0:", "0: 0100007F", "0: 0100007F: 0:0 0A", "0: 0100007F:10000 0:0 0A",
        "0: 0100007:0035 0:0 0A", "0: 0100007G:0035 0:0 0A", "0: :0035 0:0 0A",
        "0: 0100007F:0000 0:0 0A", "0: 0100007F:00x5 0:0 0A"})
    EXPECT_THAT(tcp_ports(row), IsEmpty()) << row;
}

TEST(ListeningPorts, WithoutFilesThereAreNone) {
  EXPECT_THAT(listening_ports("/nowhere"), IsEmpty());
}

}  // namespace
}  // namespace smolstack::mirror
