#include "smolstack/wire/arp.hpp"

namespace smolstack {

Expected<const wire::ArpPacket*, DropReason> parse_arp(ConstBytes bytes) {
  if (bytes.size() < sizeof(wire::ArpPacket)) return unexpected(DropReason::arp_malformed);
  const auto& arp = header_at<wire::ArpPacket>(bytes);
  const bool is_ethernet = arp.hardware_type == 1 && arp.hardware_length == 6;
  const bool is_ipv4 = arp.protocol_type == ether_type::ipv4 && arp.protocol_length == 4;
  const bool is_known =
      arp.operation == arp_operation::request || arp.operation == arp_operation::reply;
  if (!is_ethernet || !is_ipv4 || !is_known) return unexpected(DropReason::arp_malformed);
  return &arp;
}

}  // namespace smolstack
