#pragma once
// What is asked of the kernel about its own end of a device (rtnetlink(7)).

#include <cstdint>
#include <memory>
#include <string>

#include "smolstack/base/expected.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"
#include "smolstack/wire/mac_address.hpp"

struct mnl_socket;
struct nlmsghdr;

namespace smolstack::io {

/// How often a link's neighbours are asked for before they are given up, and by whom.
struct NeighborProbes {
  std::uint32_t application = 0;  ///< a process that listens for RTM_GETNEIGH answers
  std::uint32_t unicast = 3;      ///< by the kernel, to the address that it knew
  std::uint32_t multicast = 3;    ///< by the kernel, to everybody
};

/// A conversation with the kernel about the links of the network namespace it was opened in. Each
/// request waits for the kernel's answer.
class Rtnetlink {
 public:
  static Expected<Rtnetlink, Error> open();

  Expected<void, Error> set_up(unsigned ifindex, bool up = true);
  Expected<void, Error> set_mtu(unsigned ifindex, std::uint32_t mtu);
  Expected<void, Error> set_mac(unsigned ifindex, const MacAddress& mac);
  /// Who resolves the link's IPv4 neighbours.
  Expected<void, Error> set_neighbor_probes(unsigned ifindex, const NeighborProbes& probes);
  /// Makes the link a port of a bridge.
  Expected<void, Error> set_master(unsigned ifindex, unsigned bridge);
  /// An address that is there already is no error.
  Expected<void, Error> add_address(unsigned ifindex, const Ipv4Subnet& subnet);

  /// A bridge that forwards at once: no spanning tree, no waiting, no snooping.
  Expected<void, Error> add_bridge(const std::string& name);
  /// A pair of Ethernet devices: `name` here, `peer` in the network namespace behind the
  /// descriptor.
  Expected<void, Error> add_veth(const std::string& name, const std::string& peer, int netns);
  /// Removes a link, and with one end of a pair the other.
  Expected<void, Error> remove_link(unsigned ifindex);
  /// The number of a link; no_such_device when there is none of that name.
  Expected<unsigned, Error> find_link(const std::string& name);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };

  using OnAnswer = int (*)(const nlmsghdr* answer, void* context);

  explicit Rtnetlink(mnl_socket* socket) : socket_(socket) {}
  Expected<void, Error> ask(nlmsghdr* request, std::string doing, OnAnswer on_answer = nullptr,
                            void* context = nullptr);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace smolstack::io
