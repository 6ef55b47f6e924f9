#include "smolstack/ip/input.hpp"

#include <algorithm>

namespace smolstack {
namespace {

/// Several groups share a link address (RFC 1112 §6.4): classify() tells them apart.
bool is_group_of_ours(const Interface& in, const MacAddress& mac) {
  constexpr MacAddress link_local_groups = multicast_mac(Ipv4Address(224, 0, 0, 0));
  const auto is_its = [&](Ipv4Address group) { return multicast_mac(group) == mac; };
  return std::equal(mac.octets.begin(), mac.octets.end() - 1, link_local_groups.octets.begin()) ||
         std::ranges::any_of(in.groups, is_its);
}

}  // namespace

std::optional<DropReason> refuse_group_frame(const Interface& in,
                                             const wire::EthernetHeader& ethernet, Groups groups) {
  const bool is_known = ethernet.type == ether_type::ipv4 || ethernet.type == ether_type::arp;
  if (!is_known) return DropReason::unknown_ethertype;
  if (groups == Groups::all || is_group_of_ours(in, ethernet.destination)) return std::nullopt;
  return DropReason::not_for_us;
}

}  // namespace smolstack
