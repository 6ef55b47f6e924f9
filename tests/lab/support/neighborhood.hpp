#pragma once
// The stations of a wire, played by a test towards the one interface that it is about.

#include <optional>
#include <vector>

#include "lab/support/frame.hpp"
#include "smolstack/netif/interface.hpp"

namespace smolstack::test {

class Neighborhood {
 public:
  /// `interface` is the machine's end; it must outlive this.
  explicit Neighborhood(const Interface& interface) : interface_(interface) {}

  /// A station lives on this wire; without a MAC it has the usual one of its address.
  void add(Address address, Mac mac = {});
  void remove(Address address);

  /// The frame with an Ethernet layer: it comes from the station that its source names (or the
  /// first one there is), and goes to the interface, or the group that its destination is.
  Frame addressed(const Frame& frame) const;
  /// A station's answer to an ARP request; nothing when it is for nobody here.
  std::optional<Frame> answer(const Frame& frame) const;

 private:
  struct Station {
    Ipv4Address address;
    MacAddress mac;
  };

  MacAddress source_of(const Frame& frame) const;
  MacAddress destination_of(const Frame& frame) const;

  const Interface& interface_;
  std::vector<Station> stations_;
};

}  // namespace smolstack::test
