#include "smolstack/lab/networks.hpp"

#include "smolstack/io/rtnetlink.hpp"
#include "smolstack/lab/front.hpp"
#include "smolstack/lab/namespaces.hpp"

namespace smolstack::lab {
namespace {

using Result = Expected<void, Error>;

Result make_network(io::Rtnetlink& kernel, const std::string& bridge,
                    const topology::Network& network) {
  if (auto made = kernel.add_bridge(bridge); !made) return made;
  const auto link = kernel.find_link(bridge);
  if (!link) return unexpected(link.error());
  if (auto set = kernel.set_mtu(*link, network.mtu); !set) return set;
  if (network.host)
    if (auto added = kernel.add_address(*link, *network.host); !added) return added;
  return kernel.set_up(*link);
}

}  // namespace

Result make_networks(const topology::Lab& lab) {
  switch_ipv6_off();
  auto kernel = io::Rtnetlink::open();
  if (!kernel) return unexpected(kernel.error());
  const auto lo = kernel->find_link("lo");
  if (!lo) return unexpected(lo.error());
  if (auto up = kernel->set_up(*lo); !up) return up;
  for (const auto& network : lab.networks)
    if (auto made = make_network(*kernel, bridge_name(lab, network), network); !made) {
      made.error().doing = "network " + network.name + ": " + made.error().doing;
      return made;
    }
  return {};
}

}  // namespace smolstack::lab
