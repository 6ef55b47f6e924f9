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
