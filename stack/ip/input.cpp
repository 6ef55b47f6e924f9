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

std::optional<DropReason> refuse_frame(const Interface& in, ConstBytes frame, Groups groups) {
  if (frame.size() < sizeof(wire::EthernetHeader)) return DropReason::runt_frame;
  if (frame.size() > in.mtu + sizeof(wire::EthernetHeader)) return DropReason::frame_too_long;
  const auto& ethernet = header_at<wire::EthernetHeader>(frame);
  if (ethernet.source.is_group()) return DropReason::bad_source_mac;
  if (ethernet.source == in.mac) return DropReason::own_frame;
  if (ethernet.destination == in.mac || ethernet.destination.is_broadcast()) return std::nullopt;
  if (!ethernet.destination.is_group()) return DropReason::other_mac;
  const bool is_known = ethernet.type == ether_type::ipv4 || ethernet.type == ether_type::arp;
  if (!is_known) return DropReason::unknown_ethertype;
  if (groups == Groups::all || is_group_of_ours(in, ethernet.destination)) return std::nullopt;
  return DropReason::not_for_us;
}

bool is_martian_source(Ipv4Address source, const Ipv4Route* route) {
  if (source.is_this_network() || source.is_loopback()) return true;  // RFC 1122 §3.2.1.3 (a), (g)
  if (source.is_multicast() || source.is_class_e()) return true;      // RFC 1812 §5.3.7
  // Our own address, or a network's broadcast: RFC 1122 §3.2.1.3 (d), RFC 6274 §4.3.1.
  return route != nullptr &&
         (route->kind == RouteKind::local || route->kind == RouteKind::broadcast);
}

bool is_martian_destination(Ipv4Address destination) {
  if (destination.is_limited_broadcast()) return false;
  return destination.is_this_network() || destination.is_loopback() || destination.is_class_e();
}

bool fails_reverse_path(const Interface& in, Ipv4Address source, const Ipv4Route* route) {
  if (in.rp_filter == ReversePath::off || source.is_unspecified()) return false;
  if (route == nullptr || route->kind != RouteKind::unicast) return true;
  return in.rp_filter == ReversePath::strict && route->interface != in.index;
}

Destination classify(const Interface& in, Ipv4Address destination, const Ipv4Route* route) {
  if (destination.is_limited_broadcast()) return Destination::broadcast;
  if (destination.is_link_local_group() || in.is_member(destination)) return Destination::group;
  if (destination.is_multicast()) return Destination::nobody;  // RFC 1112 §7.2
  if (route == nullptr) return Destination::transit;
  if (route->kind == RouteKind::local) return Destination::local;
  if (route->kind == RouteKind::broadcast) return Destination::broadcast;
  return Destination::transit;
}

}  // namespace smolstack
