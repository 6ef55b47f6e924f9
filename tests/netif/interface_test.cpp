#include "smolstack/netif/interface.hpp"

#include <gtest/gtest.h>

namespace smolstack {
namespace {

Interface with(std::initializer_list<std::string_view> subnets) {
  Interface interface;
  for (const auto text : subnets) interface.addresses.push_back({parse_ipv4_subnet(text).value()});
  return interface;
}
Ipv4Address ip(std::string_view text) {
  return parse_ipv4_address(text).value();
}

TEST(Interface, KnowsWhoMayBeANeighbour) {
  const Interface eth = with({"10.0.1.1/24", "10.0.9.1/30"});
  EXPECT_TRUE(eth.on_link(ip("10.0.1.2")));
  EXPECT_TRUE(eth.on_link(ip("10.0.1.254")));
  EXPECT_TRUE(eth.on_link(ip("10.0.9.2")));
  EXPECT_FALSE(eth.on_link(ip("10.0.2.2")));
  EXPECT_FALSE(eth.on_link(ip("10.0.1.0"))) << "the network's own address";
  EXPECT_FALSE(eth.on_link(ip("10.0.1.255"))) << "the broadcast address";
  EXPECT_FALSE(eth.on_link(ip("10.0.1.1"))) << "ourselves";
}

TEST(Interface, HasTwoNeighboursAtMostOnA31) {  // RFC 3021 §2.1
  const Interface eth = with({"10.0.1.0/31"});
  EXPECT_TRUE(eth.on_link(ip("10.0.1.1")));
  EXPECT_FALSE(eth.on_link(ip("10.0.1.0")));
  EXPECT_FALSE(eth.on_link(ip("10.0.1.2")));
}

TEST(Interface, SpeaksToANeighbourWithTheAddressOfItsNetwork) {
  const Interface eth = with({"10.0.1.1/24", "10.0.2.1/24"});
  EXPECT_EQ(eth.address_towards(ip("10.0.2.7"))->subnet.address, ip("10.0.2.1"));
  EXPECT_EQ(eth.address_towards(ip("10.0.3.7")), nullptr);
}

TEST(InterfaceTable, CountsFromOneAndFindsByNameAndAddress) {
  InterfaceTable table;
  Interface eth = with({"10.0.1.1/24"});
  eth.name = "eth0";
  Interface other = with({"10.0.2.1/24"});
  other.name = "eth1";
  EXPECT_EQ(table.add(std::move(eth)).index, IfIndex(1));
  EXPECT_EQ(table.add(std::move(other)).index, IfIndex(2));
  EXPECT_EQ(table.find("eth1")->index, IfIndex(2));
  EXPECT_EQ(table.find("eth2"), nullptr);
  EXPECT_EQ(table.holder_of(ip("10.0.1.1"))->name, "eth0");
  EXPECT_EQ(table.holder_of(ip("10.0.1.2")), nullptr);
  EXPECT_TRUE(table.contains(IfIndex(2)));
  EXPECT_FALSE(table.contains(IfIndex(3)));
  EXPECT_FALSE(table.contains(IfIndex::none));
}

TEST(InterfaceTable, KeepsInterfacesWhereTheyAre) {
  InterfaceTable table;
  Interface& first = table.add(with({"10.0.1.1/24"}));
  for (int i = 0; i < 100; ++i) table.add(with({}));
  EXPECT_EQ(&table[IfIndex(1)], &first);
}

TEST(Interface, IsUsableWhenItsOwnerAndItsDeviceWantIt) {
  Interface eth;
  EXPECT_TRUE(eth.usable());
  eth.running = false;
  EXPECT_FALSE(eth.usable());
  eth.running = true;
  eth.up = false;
  EXPECT_FALSE(eth.usable());
}

}  // namespace
}  // namespace smolstack
