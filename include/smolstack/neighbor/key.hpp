#pragma once

#include "smolstack/packet/packet.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

/// Who a neighbour is: an address, and the link on which it is meant.
struct NeighborKey {
  IfIndex interface = IfIndex::none;
  Ipv4Address address;
  friend bool operator==(const NeighborKey&, const NeighborKey&) = default;
};

}  // namespace smolstack
