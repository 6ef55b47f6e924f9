#include "smolstack/mirror/rows.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <span>

#include <libmnl/libmnl.h>

namespace smolstack::mirror {
namespace {

/// The attributes of a message by their numbers; later ones than `most` are none of ours.
class Attributes {
 public:
  static constexpr std::uint16_t most = 64;

  /// Of the message, behind its fixed part of `fixed` bytes.
  Attributes(const nlmsghdr& message, std::size_t fixed) {
    (void)mnl_attr_parse(&message, static_cast<unsigned>(fixed), remember, this);
  }
  explicit Attributes(std::span<const std::byte> bytes) {
    (void)mnl_attr_parse_payload(bytes.data(), bytes.size(), remember, this);
  }

  /// The value, if the attribute is there and long enough for it.
  template <class Value>
  std::optional<Value> get(std::uint16_t number) const {
    const nlattr* const found = found_[number];
    if (found == nullptr || mnl_attr_get_payload_len(found) < sizeof(Value)) return std::nullopt;
    Value value{};
    std::memcpy(&value, mnl_attr_get_payload(found), sizeof value);
    return value;
  }
  std::string text(std::uint16_t number) const {
    const nlattr* const found = found_[number];
    if (found == nullptr || mnl_attr_validate(found, MNL_TYPE_NUL_STRING) < 0) return {};
    return mnl_attr_get_str(found);
  }
  std::span<const std::byte> bytes(std::uint16_t number) const {
    const nlattr* const found = found_[number];
    if (found == nullptr) return {};
    return {static_cast<const std::byte*>(mnl_attr_get_payload(found)),
            mnl_attr_get_payload_len(found)};
  }

 private:
  static int remember(const nlattr* attribute, void* self) {
    const std::uint16_t number = mnl_attr_get_type(attribute);
    if (number < most) static_cast<Attributes*>(self)->found_[number] = attribute;
    return MNL_CB_OK;
  }

  std::array<const nlattr*, most> found_{};
};

/// The fixed part of the message, nullptr when it is shorter.
template <class Fixed>
const Fixed* fixed_part(const nlmsghdr& message) {
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(Fixed)) return nullptr;
  return static_cast<const Fixed*>(mnl_nlmsg_get_payload(&message));
}

std::optional<RouteKind> kind_of(std::uint8_t type) {
  switch (type) {
    case RTN_UNICAST: return RouteKind::unicast;
    case RTN_LOCAL: return RouteKind::local;
    case RTN_BROADCAST: return RouteKind::broadcast;
    case RTN_BLACKHOLE: return RouteKind::blackhole;
    case RTN_UNREACHABLE: return RouteKind::unreachable;
    case RTN_PROHIBIT: return RouteKind::prohibit;
    default: return std::nullopt;
  }
}

/// The next hops of RTA_MULTIPATH, one behind the other, each with attributes of its own. Those
/// that are dead at the moment are among them. False: they are malformed, or by way of IPv6.
bool read_next_hops(std::span<const std::byte> hops, std::vector<PathRow>& paths) {
  while (hops.size() >= sizeof(rtnexthop)) {
    rtnexthop hop{};
    std::memcpy(&hop, hops.data(), sizeof hop);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > hops.size()) return false;
    const Attributes attributes(hops.first(hop.rtnh_len).subspan(sizeof hop));
    if (!attributes.bytes(RTA_VIA).empty()) return false;
    paths.push_back({attributes.get<Ipv4Address>(RTA_GATEWAY).value_or(Ipv4Address()),
                     static_cast<unsigned>(hop.rtnh_ifindex),
                     static_cast<std::uint16_t>(hop.rtnh_hops + 1)});
    hops = hops.subspan(std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), hops.size()));
  }
  return hops.empty() && !paths.empty();
}

bool is_ours(const rtmsg& header) {
  const bool is_cached = (header.rtm_flags & RTM_F_CLONED) != 0;
  return header.rtm_family == AF_INET && !is_cached && header.rtm_tos == 0 &&
         header.rtm_dst_len <= 32;
}

}  // namespace

std::optional<LinkRow> parse_link(const nlmsghdr& message) {
  const auto* const header = fixed_part<ifinfomsg>(message);
  // A bridge speaks of its ports by such messages too, in its own family.
  if (header == nullptr || header->ifi_family != AF_UNSPEC) return std::nullopt;
  const Attributes attributes(message, sizeof *header);
  LinkRow row;
  row.ifindex = static_cast<unsigned>(header->ifi_index);
  row.name = attributes.text(IFLA_IFNAME);
  row.mac = attributes.get<MacAddress>(IFLA_ADDRESS).value_or(MacAddress());
  row.mtu = attributes.get<std::uint32_t>(IFLA_MTU).value_or(0);
  row.up = (header->ifi_flags & IFF_UP) != 0;
  row.carrier = attributes.get<std::uint8_t>(IFLA_CARRIER).value_or(0) != 0;
  return row;
}

std::optional<AddressRow> parse_address(const nlmsghdr& message) {
  const auto* const header = fixed_part<ifaddrmsg>(message);
  if (header == nullptr || header->ifa_family != AF_INET || header->ifa_prefixlen > 32)
    return std::nullopt;
  const Attributes attributes(message, sizeof *header);
  const auto own = attributes.get<Ipv4Address>(IFA_LOCAL);
  const auto peer = attributes.get<Ipv4Address>(IFA_ADDRESS);
  if (!own && !peer) return std::nullopt;
  // With a peer the prefix is that of the peer, and our own address stands alone.
  const bool has_peer = own && peer && *own != *peer;
  return AddressRow{header->ifa_index,
                    {own ? *own : *peer, has_peer ? std::uint8_t{32} : header->ifa_prefixlen}};
}

std::optional<RouteRow> parse_route(const nlmsghdr& message) {
  const auto* const header = fixed_part<rtmsg>(message);
  if (header == nullptr || !is_ours(*header)) return std::nullopt;
  const auto kind = kind_of(header->rtm_type);
  const Attributes attributes(message, sizeof *header);
  // An IPv4 destination by way of an IPv6 neighbour.
  if (!kind || !attributes.bytes(RTA_VIA).empty()) return std::nullopt;

  RouteRow row;
  row.table = attributes.get<std::uint32_t>(RTA_TABLE).value_or(header->rtm_table);
  row.scope = header->rtm_scope;
  row.ifindex = attributes.get<std::uint32_t>(RTA_OIF).value_or(0);
  row.route.prefix = Ipv4Prefix::of(attributes.get<Ipv4Address>(RTA_DST).value_or(Ipv4Address()),
                                    header->rtm_dst_len);
  row.route.kind = *kind;
  row.route.protocol = static_cast<RouteProtocol>(header->rtm_protocol);
  row.route.gateway = attributes.get<Ipv4Address>(RTA_GATEWAY).value_or(Ipv4Address());
  row.route.preferred_source = attributes.get<Ipv4Address>(RTA_PREFSRC).value_or(Ipv4Address());
  row.route.metric = attributes.get<std::uint32_t>(RTA_PRIORITY).value_or(0);
  const auto hops = attributes.bytes(RTA_MULTIPATH);
  if (!hops.empty() && !read_next_hops(hops, row.paths)) return std::nullopt;
  return row;
}

std::optional<NetconfRow> parse_netconf(const nlmsghdr& message) {
  const auto* const header = fixed_part<netconfmsg>(message);
  if (header == nullptr || header->ncm_family != AF_INET) return std::nullopt;
  // The fixed part is one byte; attributes begin at the next multiple of four.
  const Attributes attributes(message, sizeof *header);
  const auto ifindex = attributes.get<std::int32_t>(NETCONFA_IFINDEX);
  if (!ifindex) return std::nullopt;
  return NetconfRow{*ifindex, attributes.get<std::int32_t>(NETCONFA_FORWARDING),
                    attributes.get<std::int32_t>(NETCONFA_RP_FILTER)};
}

std::optional<NeighborRow> parse_neighbor(const nlmsghdr& message) {
  const auto* const header = fixed_part<ndmsg>(message);
  if (header == nullptr || header->ndm_family != AF_INET) return std::nullopt;
  if ((header->ndm_flags & NTF_PROXY) != 0) return std::nullopt;
  const Attributes attributes(message, sizeof *header);
  const auto address = attributes.get<Ipv4Address>(NDA_DST);
  if (!address) return std::nullopt;
  return NeighborRow{static_cast<unsigned>(header->ndm_ifindex), *address,
                     attributes.get<MacAddress>(NDA_LLADDR).value_or(MacAddress()),
                     header->ndm_state};
}

}  // namespace smolstack::mirror
