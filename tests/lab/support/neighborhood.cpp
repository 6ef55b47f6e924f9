#include "lab/support/neighborhood.hpp"

#include <algorithm>

namespace smolstack::test {

void Neighborhood::add(Address address, Mac mac) {
  remove(address);
  stations_.push_back({address.value(), mac.value_or(default_mac(address.value()))});
}

void Neighborhood::remove(Address address) {
  std::erase_if(stations_, [&](const Station& each) { return each.address == address.value(); });
}

Frame Neighborhood::addressed(const Frame& frame) const {
  if (!frame.layers.empty() && std::holds_alternative<EthernetLayer>(frame.layers.front()))
    return frame;
  Frame whole = ethernet(source_of(frame), destination_of(frame)) / frame;
  whole.length = frame.length;
  whole.padding = frame.padding;
  return whole;
}

MacAddress Neighborhood::source_of(const Frame& frame) const {
  if (const auto* arp = layer<ArpLayer>(frame))
    return arp->fields.sender_mac.value_or(default_mac(arp->sender.value_or(Ipv4Address())));
  const auto* ip = layer<Ipv4Layer>(frame);
  const Ipv4Address source = ip == nullptr ? Ipv4Address() : ip->source.value_or(Ipv4Address());
  const auto at = std::ranges::find(stations_, source, &Station::address);
  if (at != stations_.end()) return at->mac;
  return stations_.empty() ? default_mac(source) : stations_.front().mac;
}

MacAddress Neighborhood::destination_of(const Frame& frame) const {
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

std::optional<Frame> Neighborhood::answer(const Frame& frame) const {
  const auto* arp = layer<ArpLayer>(frame);
  if (arp == nullptr || arp->fields.operation != 1) return std::nullopt;
  const auto at = std::ranges::find(stations_, *arp->target, &Station::address);
  if (at == stations_.end()) return std::nullopt;
  return addressed(
      arp_reply(*arp->target, *arp->sender, {.sender_mac = at->mac, .target_mac = interface_.mac}));
}

}  // namespace smolstack::test
