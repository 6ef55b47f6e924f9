// What must not be answered with an ICMP error: RFC 1122 §3.2.2, RFC 1812 §4.3.2.7.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::SizeIs;

constexpr std::uint8_t error_types[] = {3, 4, 5, 11, 12};
/// Record Route whose pointer points into its own header.
const Octets bad_option = octets({7, 7, 3, 0, 0, 0, 0, 0});

class NoIcmpErrorsOnTheWire : public EitherTest {
 protected:
  bool is_router() const { return GetParam() == Role::router; }

  /// Packets to the machine itself that are answered with an error where nothing forbids it.
  static std::vector<Frame> faults(Address from, Address to, Ipv4Fields fields = {}) {
    std::vector<Frame> packets{ipv4(from, to, fields) / udp(5000, 33434) / "data"};
    Ipv4Fields unknown = fields;
    unknown.protocol = std::uint8_t{253};
    packets.push_back(ipv4(from, to, unknown) / "some data");
    Ipv4Fields damaged = fields;
    damaged.options = bad_option;
    packets.push_back(ipv4(from, to, damaged) / udp(5000, 33434) / "data");
    return packets;
  }
  /// Those in transit that a router answers with one: there is no way, their time is over.
  std::vector<Frame> transit_faults(Address from, const Frame& data, Ipv4Fields fields = {}) const {
    if (!is_router()) return {};
    const Frame no_way = ipv4(from, "10.99.0.1", fields) / data;
    fields.ttl = std::uint8_t{1};
    return {no_way, ipv4(from, "10.0.2.7", fields) / data};
  }
  std::vector<Frame> all_faults(Address from, const Ipv4Fields& fields = {}) const {
    auto packets = transit_faults(from, udp(1, 2) / "data", fields);
    for (const Frame& each : faults(from, "10.0.1.1", fields)) packets.push_back(each);
    return packets;
  }
  /// The machine's way of saying no when nothing forbids it.
  void expect_errors_about(const std::vector<Frame>& packets) {
    for (const Frame& each : packets) {
      lan.forget();
      lan.sends(each);
      ASSERT_THAT(lan.received(), SizeIs(1)) << each;
      const auto* icmp = layer<IcmpLayer>(decode(lan.received()[0].bytes));
      EXPECT_TRUE(icmp != nullptr && is_icmpv4_error(*icmp->type)) << each;
    }
    lan.forget();
  }
  void expect_nothing_about(const std::vector<Frame>& packets, Mac link) {
    for (const Frame& each : packets) {
      lan.sends(ethernet(default_mac(address("10.0.1.9")), link) / each);
      EXPECT_TRUE(lan.silent()) << each;
      lan.forget();
    }
  }
};
EITHER_ROLE(NoIcmpErrorsOnTheWire);

TEST_P(NoIcmpErrorsOnTheWire, AboutPacketsToABroadcastAddress) {
  proves("ICMP-NO-ERROR-BROADCAST");
  std::vector<const char*> broadcasts{"255.255.255.255", "10.0.1.255"};
  if (is_router()) broadcasts.push_back("10.0.2.255");
  for (const char* to : broadcasts)
    for (const std::uint8_t ttl : {std::uint8_t{1}, std::uint8_t{64}}) {
      expect_nothing_about(faults("10.0.1.9", to, {.ttl = ttl}), broadcast_mac);
      expect_nothing_about(faults("10.0.1.9", to, {.ttl = ttl}), lan.mac());
    }
  expect_errors_about(faults("10.0.1.9", "10.0.1.1"));
}

TEST_P(NoIcmpErrorsOnTheWire, AboutPacketsToAMulticastAddress) {
  proves("ICMP-NO-ERROR-MULTICAST");
  for (const char* to : {"224.0.0.1", "224.0.0.9", "239.1.2.3"})
    for (const std::uint8_t ttl : {std::uint8_t{1}, std::uint8_t{64}}) {
      expect_nothing_about(faults("10.0.1.9", to, {.ttl = ttl}), multicast_mac(address(to)));
      expect_nothing_about(faults("10.0.1.9", to, {.ttl = ttl}), lan.mac());
    }
  expect_errors_about(faults("10.0.1.9", "10.0.1.1", {.ttl = 1}));
}

TEST_P(NoIcmpErrorsOnTheWire, AboutPacketsInALinkBroadcastOrMulticast) {
  proves("ICMP-NO-ERROR-LINK-BROADCAST");
  expect_nothing_about(all_faults("10.0.1.9"), broadcast_mac);
  expect_nothing_about(all_faults("10.0.1.9"), multicast_mac(address("224.0.0.1")));
  expect_errors_about(all_faults("10.0.1.9"));
}

TEST_P(NoIcmpErrorsOnTheWire, AboutLaterFragments) {
  proves("ICMP-NO-ERROR-FRAGMENT");
  const auto fragments = [&](std::uint16_t offset) {
    Ipv4Fields fields{.more = true, .offset = offset, .protocol = 17};
    auto packets = transit_faults("10.0.1.9", bytes(16), fields);
    fields.options = bad_option;
    packets.push_back(ipv4("10.0.1.9", "10.0.1.1", fields) / bytes(16));
    return packets;
  };
  expect_nothing_about(fragments(8), lan.mac());
  expect_nothing_about(fragments(65000), lan.mac());
  expect_errors_about(fragments(0));
}

TEST_P(NoIcmpErrorsOnTheWire, AboutIcmpErrors) {
  proves("ICMP-NO-ERROR-ICMP-ERROR");
  const auto with = [&](Address from, const Frame& message) {
    auto packets = transit_faults(from, message);
    packets.push_back(ipv4(from, "10.0.1.1", {.options = bad_option}) / message);
    return packets;
  };
  const Frame quote = ipv4("10.0.1.1", "10.0.1.9") / udp(33434, 5000) / "data";
  for (const std::uint8_t type : error_types) {
    expect_nothing_about(with("10.0.1.9", icmp(type, 0, 0u) / quote), lan.mac());
    lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp(type, 3, 0u) / quote);
    EXPECT_TRUE(lan.silent()) << "no port, and nothing to be said";
  }
  expect_errors_about(with("10.0.1.8", icmp_echo(7, 1) / "this is no error"));
}

/// The machine has a way to everywhere, so that an error would go out.
class NoIcmpErrorsToStrangersOnTheWire : public NoIcmpErrorsOnTheWire {
 protected:
  NoIcmpErrorsToStrangersOnTheWire() {
    if (!is_router()) return;
    machine().run("ip route add unreachable 10.99.0.0/16");
    machine().run("ip route add default via 10.0.1.254");
  }
};
EITHER_ROLE(NoIcmpErrorsToStrangersOnTheWire);

TEST_P(NoIcmpErrorsToStrangersOnTheWire, WhoAreNoSingleHost) {
  proves("ICMP-NO-ERROR-BAD-SOURCE");
  for (const char* from : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"})
    expect_nothing_about(all_faults(from), lan.mac());
  expect_errors_about(all_faults("10.0.1.9"));
}

TEST_P(NoIcmpErrorsToStrangersOnTheWire, WhoAreTheBroadcastAddressOfALink) {
  proves("ICMP-NO-ERROR-BAD-SOURCE");
  differs_on_linux(
      "it takes the broadcast address of a link for any source while rp_filter is off");
  expect_nothing_about(all_faults("10.0.1.255"), lan.mac());
  if (is_router()) expect_nothing_about(all_faults("10.0.2.255"), lan.mac());
  expect_errors_about(all_faults("10.0.1.9"));
}

TEST_P(NoIcmpErrorsToStrangersOnTheWire, WhoAreOfClassE) {
  proves("ICMP-NO-ERROR-BAD-SOURCE");
  differs_on_linux("240.0.0.0/4 is made of ordinary addresses for it");
  expect_nothing_about(all_faults("240.1.1.1"), lan.mac());
  expect_errors_about(all_faults("10.0.1.9"));
}

TEST_P(NoIcmpErrorsOnTheWire, AboutPacketsWhoseHeaderIsWrong) {  // RFC 1122 §3.2.1.2
  proves("ICMP-NO-ERROR-BAD-CHECKSUM");
  const Ipv4Fields wrong[] = {
      {.checksum = 0x1111},   // right for none of them
      {.total_length = 19},   // less than a header
      {.total_length = 200},  // more than came
      {.version_ihl = 0x65},  // version 6
      {.version_ihl = 0x44},  // a header of 16 bytes
      {.version_ihl = 0x4f},  // one of 60, which is longer than the packet
  };
  for (const Ipv4Fields& fields : wrong)
    expect_nothing_about(all_faults("10.0.1.9", fields), lan.mac());
  expect_errors_about(all_faults("10.0.1.9"));
}

}  // namespace
}  // namespace smolstack::test
