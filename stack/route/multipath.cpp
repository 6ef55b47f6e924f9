#include "smolstack/route/multipath.hpp"

#include <algorithm>

namespace smolstack {
namespace {

bool is_usable(const Ipv4HopGroup::Member& member, const InterfaceTable& interfaces) {
  const IfIndex out = member.hop.interface;
  return interfaces.contains(out) && interfaces[out].usable();
}

}  // namespace

const Ipv4Hop& choose_path(const Ipv4HopGroup& group, std::uint32_t hash,
                           const InterfaceTable& interfaces) {
  std::uint64_t total = 0;
  for (const auto& member : group.members)
    if (is_usable(member, interfaces)) total += member.weight;
  std::uint64_t point = hash * total >> 32;
  for (const auto& member : group.members) {
    if (!is_usable(member, interfaces)) continue;
    if (point < member.weight) return member.hop;
    point -= member.weight;
  }
  return group.members.front().hop;
}

// --- Hops with several ways --------------------------------------------------------------------

bool operator==(const Ipv4Hop& a, const Ipv4Hop& b) {
  const bool same_ways =
      a.group == b.group || (a.group != nullptr && b.group != nullptr && *a.group == *b.group);
  return same_ways && a.kind == b.kind && a.interface == b.interface && a.gateway == b.gateway &&
         a.preferred_source == b.preferred_source;
}

const Ipv4Hop* Ipv4Hop::by(IfIndex out) const {
  if (group == nullptr) return interface == out ? this : nullptr;
  const auto at = std::ranges::find_if(group->members,
                                       [&](const auto& each) { return each.hop.interface == out; });
  return at == group->members.end() ? nullptr : &at->hop;
}

bool Ipv4Hop::leads_by(IfIndex out, Ipv4Address by_gateway) const {
  const auto is_it = [&](const Ipv4Hop& hop) {
    return hop.interface == out && hop.gateway == by_gateway;
  };
  if (group == nullptr) return is_it(*this);
  return std::ranges::any_of(group->members, [&](const auto& each) { return is_it(each.hop); });
}

}  // namespace smolstack
