#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"

namespace smolstack::test {

void Port::has_neighbor(Address address, Mac mac) {
  loses_neighbor(address);
  neighbors_.push_back({address.value(), mac.value_or(default_mac(address.value()))});
}

void Port::loses_neighbor(Address address) {
  std::erase_if(neighbors_, [&](const Neighbor& each) { return each.address == address.value(); });
}

void Port::sends(const Frame& frame) {
  sends(std::vector<Frame>{frame});
}

void Port::sends(const std::vector<Frame>& frames) {
  std::vector<Octets> encoded;
  for (const Frame& each : frames) encoded.push_back(encode(addressed(each)));
  node_.lab().receive(*this, encoded);
  node_.lab().settle();
}

void Port::sends_bytes(ConstBytes frame) {
  node_.lab().receive(*this, {Octets(frame.begin(), frame.end())});
  node_.lab().settle();
}

Frame Port::addressed(const Frame& frame) const {
  if (!frame.layers.empty() && std::holds_alternative<EthernetLayer>(frame.layers.front()))
    return frame;
  Frame whole = ethernet(station_of(frame), destination_of(frame)) / frame;
  whole.length = frame.length;
  whole.padding = frame.padding;
  return whole;
}

MacAddress Port::station_of(const Frame& frame) const {
  if (const auto* arp = layer<ArpLayer>(frame))
    return arp->fields.sender_mac.value_or(default_mac(arp->sender.value_or(Ipv4Address())));
  const auto* ip = layer<Ipv4Layer>(frame);
  const Ipv4Address source = ip == nullptr ? Ipv4Address() : ip->source.value_or(Ipv4Address());
  const auto at = std::ranges::find(neighbors_, source, &Neighbor::address);
  if (at != neighbors_.end()) return at->mac;
  return neighbors_.empty() ? default_mac(source) : neighbors_.front().mac;
}

MacAddress Port::destination_of(const Frame& frame) const {
  if (const auto* arp = layer<ArpLayer>(frame))
    return arp->fields.operation == 1 ? broadcast_mac : interface_.mac;
  const auto* ip = layer<Ipv4Layer>(frame);
  if (ip == nullptr || !ip->destination) return interface_.mac;
  if (ip->destination->is_multicast()) return multicast_mac(*ip->destination);
  if (ip->destination->is_limited_broadcast()) return broadcast_mac;
  for (const InterfaceAddress& own : interface_.addresses)
    if (own.subnet.prefix().has_broadcast() && own.subnet.broadcast() == *ip->destination)
      return broadcast_mac;
  return interface_.mac;
}

std::optional<Frame> Port::answer(const Frame& frame) const {
  const auto* arp = layer<ArpLayer>(frame);
  if (arp == nullptr || arp->fields.operation != 1) return std::nullopt;
  const auto at = std::ranges::find(neighbors_, *arp->target, &Neighbor::address);
  if (at == neighbors_.end()) return std::nullopt;
  return addressed(
      arp_reply(*arp->target, *arp->sender, {.sender_mac = at->mac, .target_mac = interface_.mac}));
}

void Port::record(Captured frame) {
  if (handler_)
    handler_(frame);
  else
    received_.push_back(std::move(frame));
}

void Port::goes_down() {
  node_.stack().set_up(interface_, false, node_.lab().now());
  node_.lab().settle();
}

void Port::comes_up() {
  node_.stack().set_up(interface_, true, node_.lab().now());
  node_.lab().settle();
}

void Port::set_mtu(std::uint32_t mtu) {
  if (const auto set = node_.stack().tables().set_mtu(interface_, mtu); !set)
    ADD_FAILURE() << "MTU " << mtu << ": " << set.error().message();
}

void Port::add_address(std::string_view subnet) {
  const auto added =
      node_.stack().add_address(interface_, parse_ipv4_subnet(subnet).value(), node_.lab().now());
  if (!added) ADD_FAILURE() << subnet << ": " << added.error().message();
  node_.lab().settle();
}

void Port::remove_address(std::string_view subnet) {
  const auto removed = node_.stack().remove_address(interface_, parse_ipv4_subnet(subnet).value());
  if (!removed) ADD_FAILURE() << subnet << ": " << removed.error().message();
}

}  // namespace smolstack::test
