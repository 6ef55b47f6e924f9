#include "smolstack/netif/interface.hpp"

#include <algorithm>
#include <utility>

namespace smolstack {

const InterfaceAddress* Interface::find(Ipv4Address address) const {
  const auto at = std::ranges::find(addresses, address,
                                    [](const InterfaceAddress& own) { return own.subnet.address; });
  return at == addresses.end() ? nullptr : &*at;
}

const InterfaceAddress* Interface::address_towards(Ipv4Address neighbor) const {
  const auto holds = [neighbor](const InterfaceAddress& own) {
    return own.subnet.prefix().contains(neighbor);
  };
  const auto at = std::ranges::find_if(addresses, holds);
  return at == addresses.end() ? nullptr : &*at;
}

bool Interface::is_member(Ipv4Address group) const {
  return group == all_systems || std::ranges::binary_search(groups, group);
}

bool Interface::on_link(Ipv4Address neighbor) const {
  const InterfaceAddress* const own = address_towards(neighbor);
  if (own == nullptr || find(neighbor) != nullptr) return false;
  const Ipv4Prefix prefix = own->subnet.prefix();
  return !prefix.has_broadcast() || (neighbor != prefix.network && neighbor != prefix.last());
}

Interface& InterfaceTable::add(Interface interface) {
  interface.index = static_cast<IfIndex>(slots_.size() + 1);
  slots_.push_back(std::make_unique<Interface>(std::move(interface)));
  return *slots_.back();
}

Interface* InterfaceTable::find(std::string_view name) {
  return const_cast<Interface*>(std::as_const(*this).find(name));
}

const Interface* InterfaceTable::find(std::string_view name) const {
  const auto at = std::ranges::find_if(slots_, [&](const auto& i) { return i->name == name; });
  return at == slots_.end() ? nullptr : at->get();
}

const Interface* InterfaceTable::holder_of(Ipv4Address address) const {
  const auto at = std::ranges::find_if(slots_, [&](const auto& i) { return i->find(address); });
  return at == slots_.end() ? nullptr : at->get();
}

}  // namespace smolstack
