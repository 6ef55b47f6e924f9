#include <gtest/gtest.h>

#include "smolstack/wire/ipv4_address.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack {
namespace {

class BadIpv4Address : public testing::TestWithParam<std::string_view> {};

TEST_P(BadIpv4Address, IsRejected) {
  EXPECT_FALSE(parse_ipv4_address(GetParam())) << '"' << GetParam() << '"';
}

INSTANTIATE_TEST_SUITE_P(
    Texts, BadIpv4Address,
    testing::Values("", ".", "...", "1", "1.2", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.",
                    "1.2.3.4.5", "1..3.4", "256.1.1.1", "1.1.1.256", "1.1.1.1000", "01.2.3.4",
                    "1.2.3.04", "1.2.3.00", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2. 3.4",
                    "1.2.3.-4", "+1.2.3.4", "1.2.3.4/24", "1.2.3.a", "a.b.c.d", "1,2,3,4",
                    "1.2.3.4\n", "99999999999999999999.1.1.1", std::string_view("1.2.3.4\0", 8),
                    "localhost", "::1", "１.2.3.4"));

TEST(Ipv4AddressText, ComesBackAsItWasWritten) {
  for (const auto* text :
       {"0.0.0.0", "10.1.1.2", "127.0.0.1", "192.168.100.200", "255.255.255.255"})
    EXPECT_EQ(to_string(parse_ipv4_address(text).value()), text);
}

TEST(Ipv4AddressText, IsTheNumberThatPeopleCountWith) {
  EXPECT_EQ(parse_ipv4_address("10.1.1.2")->host(), 0x0a010102u);
  EXPECT_EQ(Ipv4Address(10, 1, 1, 2), Ipv4Address(0x0a010102u));
}

TEST(Ipv4AddressKinds, AreThoseOfTheRfcs) {  // RFC 1122 §3.2.1.3
  const auto is = [](const char* text) { return parse_ipv4_address(text).value(); };
  EXPECT_TRUE(is("0.0.0.0").is_unspecified());
  EXPECT_TRUE(is("0.1.2.3").is_this_network());
  EXPECT_FALSE(is("1.0.0.0").is_this_network());
  EXPECT_TRUE(is("127.255.255.255").is_loopback());
  EXPECT_FALSE(is("128.0.0.0").is_loopback());
  EXPECT_TRUE(is("169.254.0.1").is_link_local());
  EXPECT_FALSE(is("169.255.0.1").is_link_local());
  EXPECT_TRUE(is("224.0.0.1").is_multicast());
  EXPECT_TRUE(is("239.255.255.255").is_multicast());
  EXPECT_FALSE(is("223.255.255.255").is_multicast());
  EXPECT_TRUE(is("240.0.0.0").is_class_e());
  EXPECT_FALSE(is("239.255.255.255").is_class_e());
  EXPECT_TRUE(is("255.255.255.255").is_limited_broadcast());
}

TEST(MulticastMac, TakesTheLow23Bits) {  // RFC 1112 §6.4
  EXPECT_EQ(to_string(multicast_mac(Ipv4Address(224, 0, 0, 1))), "01:00:5e:00:00:01");
  EXPECT_EQ(to_string(multicast_mac(Ipv4Address(239, 255, 1, 2))), "01:00:5e:7f:01:02");
}

TEST(DefaultMac, SpellsTheAddress) {
  EXPECT_EQ(to_string(default_mac(Ipv4Address(10, 1, 2, 3))), "02:42:0a:01:02:03");
}

class BadMacAddress : public testing::TestWithParam<std::string_view> {};

TEST_P(BadMacAddress, IsRejected) {
  EXPECT_FALSE(parse_mac_address(GetParam())) << '"' << GetParam() << '"';
}

INSTANTIATE_TEST_SUITE_P(Texts, BadMacAddress,
                         testing::Values("", ":::::", "02:42:0a:01:01", "02:42:0a:01:01:02:03",
                                         "02:42:0a:01:01:0", "02:42:0a:01:01:002", "2:42:a:1:1:2",
                                         "02-42-0a-01-01-02", "0242.0a01.0102", "02:42:0a:01:01:0g",
                                         " 02:42:0a:01:01:02", "02:42:0a:01:01:02 ",
                                         "02:42:0a:01:01:02:", "02:42:0a:01:01:-2",
                                         "02420a010102"));

TEST(MacAddressText, ComesBackInLowerCase) {
  EXPECT_EQ(to_string(parse_mac_address("02:42:0A:01:fF:02").value()), "02:42:0a:01:ff:02");
}

TEST(MacAddressKinds, GroupIsTheLowestBitOfTheFirstOctet) {
  EXPECT_TRUE(parse_mac_address("01:00:5e:00:00:01")->is_group());
  EXPECT_TRUE(broadcast_mac.is_group());
  EXPECT_TRUE(broadcast_mac.is_broadcast());
  EXPECT_FALSE(parse_mac_address("02:42:0a:01:01:02")->is_group());
  EXPECT_TRUE(MacAddress{}.is_zero());
}

class BadPrefix : public testing::TestWithParam<std::string_view> {};

TEST_P(BadPrefix, IsRejected) {
  EXPECT_FALSE(parse_ipv4_prefix(GetParam())) << '"' << GetParam() << '"';
}

INSTANTIATE_TEST_SUITE_P(Texts, BadPrefix,
                         testing::Values("", "/", "/24", "10.1.1.0/", "10.1.1.0/33", "10.1.1.0/024",
                                         "10.1.1.0/-1", "10.1.1.0/ 24", "10.1.1.0/24 ",
                                         "10.1.1.0/24/", "10.1.1.1/24", "10.1/16", "0.0.0.1/0",
                                         "10.1.1.0/+8", "10.1.1.0/2a", "Default", "10.1.1.0/999"));

class BadSubnet : public testing::TestWithParam<std::string_view> {};

TEST_P(BadSubnet, IsRejected) {
  EXPECT_FALSE(parse_ipv4_subnet(GetParam())) << '"' << GetParam() << '"';
}

INSTANTIATE_TEST_SUITE_P(Texts, BadSubnet,
                         testing::Values("", "/24", "10.1.1.2/", "10.1.1.2/33", "10.1.1.2/00",
                                         "10.1.1.2/024", "10.1.1.2//24", "10.1.1.2/24x",
                                         "default"));

TEST(PrefixText, IsPrintedWithItsLength) {
  EXPECT_EQ(to_string(parse_ipv4_prefix("10.1.1.0/24").value()), "10.1.1.0/24");
  EXPECT_EQ(parse_ipv4_prefix("10.1.1.7")->length, 32);
  EXPECT_EQ(parse_ipv4_prefix("default"), default_prefix);
  EXPECT_EQ(parse_ipv4_prefix("0.0.0.0/0"), default_prefix);
  EXPECT_EQ(to_string(parse_ipv4_subnet("10.1.1.2/24").value()), "10.1.1.2/24");
  EXPECT_EQ(parse_ipv4_subnet("10.1.1.2")->length, 32);
}

TEST(Prefix, HoldsItsFirstAndLastAddressAndNoOther) {
  for (unsigned length = 1; length <= 32; ++length) {
    const auto prefix = Ipv4Prefix::of(Ipv4Address(10, 77, 66, 55), length);
    const std::uint32_t first = prefix.network.host();
    const std::uint32_t last = prefix.last().host();
    EXPECT_EQ(std::uint64_t{last} - first + 1, std::uint64_t{1} << (32 - length));
    EXPECT_TRUE(prefix.contains(prefix.network) && prefix.contains(prefix.last()));
    EXPECT_FALSE(prefix.contains(Ipv4Address(first - 1))) << length;
    EXPECT_FALSE(prefix.contains(Ipv4Address(last + 1))) << length;
  }
  EXPECT_TRUE(default_prefix.contains(limited_broadcast));
}

TEST(Subnet, KnowsItsBroadcast) {
  EXPECT_EQ(parse_ipv4_subnet("10.1.1.2/24")->broadcast(), Ipv4Address(10, 1, 1, 255));
  EXPECT_FALSE(parse_ipv4_subnet("10.1.1.2/31")->prefix().has_broadcast());  // RFC 3021 §2.1
  EXPECT_FALSE(parse_ipv4_subnet("10.1.1.2/32")->prefix().has_broadcast());
}

}  // namespace
}  // namespace smolstack
