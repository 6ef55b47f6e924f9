#include "smolstack/route/route.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace smolstack {
namespace {

struct NamedProtocol {
  std::uint8_t number;
  std::string_view name;
};

/// The names of iproute2's rt_protos.
constexpr auto named_protocols = std::to_array<NamedProtocol>({
    {0, "unspec"},    {1, "redirect"}, {2, "kernel"}, {3, "boot"},   {4, "static"},
    {8, "gated"},     {9, "ra"},       {10, "mrt"},   {11, "zebra"}, {12, "bird"},
    {13, "dnrouted"}, {14, "xorp"},    {15, "ntk"},   {16, "dhcp"},  {18, "keepalived"},
    {42, "babel"},    {99, "openr"},   {186, "bgp"},  {187, "isis"}, {188, "ospf"},
    {189, "rip"},     {192, "eigrp"},
});

}  // namespace

bool Ipv4Route::leads_by(IfIndex out) const {
  if (paths.empty()) return interface == out;
  return std::ranges::any_of(paths.list(), [&](const auto& each) { return each.interface == out; });
}

Ipv4HopGroup Ipv4Route::hop_group() const {
  Ipv4HopGroup group;
  for (const Ipv4Path& each : paths.list()) {
    Ipv4Hop way = hop();
    way.interface = each.interface;
    way.gateway = each.gateway;
    group.members.push_back({way, each.weight});
  }
  return group;
}

void Ipv4Route::set_paths(std::vector<Ipv4Path> ways) {
  gateway = ways.empty() ? Ipv4Address() : ways.front().gateway;
  interface = ways.empty() ? IfIndex::none : ways.front().interface;
  if (ways.size() < 2) ways.clear();
  paths = Ipv4Paths(std::move(ways));
}

std::string_view to_string(RouteKind kind) {
  switch (kind) {
    case RouteKind::unicast: return "unicast";
    case RouteKind::local: return "local";
    case RouteKind::broadcast: return "broadcast";
    case RouteKind::blackhole: return "blackhole";
    case RouteKind::unreachable: return "unreachable";
    case RouteKind::prohibit: return "prohibit";
  }
  return "?";
}

std::string to_string(RouteProtocol protocol) {
  const auto number = static_cast<std::uint8_t>(protocol);
  const auto at = std::ranges::find(named_protocols, number, &NamedProtocol::number);
  return at != named_protocols.end() ? std::string(at->name) : std::to_string(number);
}

std::optional<RouteProtocol> parse_route_protocol(std::string_view text) {
  const auto at = std::ranges::find(named_protocols, text, &NamedProtocol::name);
  if (at != named_protocols.end()) return static_cast<RouteProtocol>(at->number);
  std::uint8_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<RouteProtocol>(number);
}

}  // namespace smolstack
