#pragma once
// The whole core wired together. It does no I/O, owns no clock and starts no thread: frames,
// commands and the time come in as arguments; frames, deliveries and the next deadline come out.

#include <cstdint>
#include <deque>
#include <optional>

#include "smolstack/igmp/igmp.hpp"
#include "smolstack/ip/flow.hpp"
#include "smolstack/ip/forward.hpp"
#include "smolstack/ip/icmp.hpp"
#include "smolstack/ip/identification.hpp"
#include "smolstack/ip/input.hpp"
#include "smolstack/ip/options.hpp"
#include "smolstack/ip/reassembly.hpp"
#include "smolstack/ip/settings.hpp"
#include "smolstack/neighbor/arp.hpp"
#include "smolstack/packet/batch.hpp"
#include "smolstack/route/tables.hpp"
#include "smolstack/transit/transit.hpp"

namespace smolstack {

struct StackOptions {
  std::uint64_t seed = 0;  ///< of all randomness: keys, identifications, jitter
  PoolSizes pool;
  NeighborLimits neighbor_limits;
  NeighborTimers neighbor_timers;
  ReassemblyLimits reassembly_limits;
  IgmpLimits igmp_limits;
  Settings settings;
  /// A kernel beside us has a copy of every frame and serves the programs: transports, groups with
  /// their IGMP and most of ICMP are its business. We still answer echo and timestamp requests and
  /// obey redirects.
  bool host_sockets = false;
};

/// How a datagram of our own leaves. What is not set is chosen: the source by the route, the TTL
/// by the settings.
struct Ipv4Send {
  Ipv4Address destination{};
  Ipv4Address source{};  ///< 0.0.0.0: by the route
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 0;  ///< 0: the default, which to a group is 1 (RFC 1112 §6.1)
  std::uint8_t tos = 0;
  bool dont_fragment = false;
  IfIndex interface = IfIndex::none;  ///< only by this one, as SO_BINDTODEVICE
};

/// One machine's stack. Belongs to one thread.
class Stack {
 public:
  explicit Stack(const StackOptions& options = {});

  // --- The data path ---------------------------------------------------------------------------

  /// Where drivers take the packets that they receive into.
  PacketPool& pool() { return pool_; }
  /// Frames that came in on an interface, with their link headers. Empties `frames`.
  void receive(IfIndex on, Batch& frames, Instant now);
  /// Ethernet frames that the kernel beside us sent on `on` for programs of this machine. Where its
  /// route and neighbour are ours too, our neighbour cache takes over; if not, and for what only
  /// raw sockets send, the frame leaves as it is. Empties `frames`.
  void receive_from_host(IfIndex on, Batch& frames, Instant now);
  /// Runs the timers that came due.
  void advance(Instant now);
  /// When advance() must be called at the latest; nothing: there is nothing to wait for.
  std::optional<Instant> next_deadline() const;
  /// Moves frames to send from the interface into `frames`; false when there were none. What
  /// Interface::offloads does not say that the device does is done here.
  bool drain(IfIndex to, Batch& frames);
  /// The device could not carry `count` frames that drain() had given it.
  void transmit_failed(IfIndex on, DropReason reason, std::uint64_t count = 1);
  /// The device had to drop `count` frames before they came here.
  void receive_failed(IfIndex on, DropReason reason, std::uint64_t count = 1);
  /// For threads that forward beside us: they tell flows apart as we do.
  const KeyedHash& flow_hash() const { return flow_hash_; }
  /// What other threads forwarded with tables of ours is counted here too.
  void account(IfIndex on, const InterfaceCounters& more);
  void account_forwarded(std::uint64_t more) { counters_.forwarded += more; }

  // --- Local traffic ---------------------------------------------------------------------------

  /// Sends a datagram of our own; `payload` is what follows the IPv4 header. The error says why it
  /// did not leave: no_route, blackhole, unreachable, prohibit, mtu_exceeded, interface_down,
  /// no_buffer, martian_source (not an address of ours).
  Expected<void, DropReason> send(Packet payload, const Ipv4Send& how, Instant now);
  /// A packet for send(), `bytes` long; empty when there is no buffer.
  Packet make_payload(std::size_t bytes);

  /// While somebody listens, ICMP messages for this machine that the stack has no answer for
  /// (echo replies, errors) are kept for take_icmp(): packets with their IPv4 header in front.
  void listen_icmp(bool on);
  PacketQueue take_icmp();

  // --- The administrator's side ----------------------------------------------------------------

  /// Adds an interface. Its addresses come later, by add_address().
  Interface& add_interface(Interface interface);
  void set_up(Interface& interface, bool up, Instant now);
  /// What the device says of itself: carrier and presence. Routes stay, packets are dropped.
  void set_running(Interface& interface, bool running, Instant now);
  Expected<void, Error> add_address(Interface& interface, const Ipv4Subnet& subnet, Instant now);
  Expected<void, Error> remove_address(Interface& interface, const Ipv4Subnet& subnet);
  /// Joins a multicast group on an interface, or leaves it: Igmp::join(), leave(). With a kernel
  /// beside us groups are its own: operation_not_supported.
  Expected<void, Error> join_group(Interface& interface, Ipv4Address group, Instant now);
  Expected<void, Error> leave_group(Interface& interface, Ipv4Address group, Instant now);

  /// Where a datagram of this flow goes; of several ways the one that it takes. nullptr: there is
  /// no route. Good until routes change.
  const Ipv4Hop* route_of(const Flow& flow) const {
    return path_of(lookup(flow.destination), flow);
  }

  /// Routes and MTU are changed here; addresses and link state by the functions above.
  Tables& tables() { return tables_; }
  const Tables& tables() const { return tables_; }
  InterfaceTable& interfaces() { return tables_.interfaces(); }
  const InterfaceTable& interfaces() const { return tables_.interfaces(); }
  Arp& arp() { return arp_; }
  const Arp& arp() const { return arp_; }
  /// False: there is no such neighbour. Packets that waited for it are dropped.
  bool remove_neighbor(const NeighborKey& key);
  /// Somebody beside the stack (the kernel) wants to know who this neighbour is: Arp::want().
  void want_neighbor(Interface& out, Ipv4Address neighbor, Instant now);
  const Igmp& igmp() const { return igmp_; }
  Settings& settings() { return settings_; }
  const Settings& settings() const { return settings_; }
  const StackCounters& counters() const { return counters_; }
  const Reassembly& reassembly() const { return reassembly_; }
  const PacketPool& pool() const { return pool_; }

  /// Sets what time of day it is, for timestamps: at `now`, `since_midnight` has passed in UT.
  void set_time_of_day(Instant now, Duration since_midnight);

 private:
  /// The next step of a datagram: to a neighbour, or to all of them.
  struct Hop {
    Interface* out;
    Ipv4Address next_hop;
    std::optional<MacAddress> group_mac{};  ///< of a broadcast or multicast destination
  };
  /// Where a datagram of our own goes; without a hop it is to ourselves.
  struct WayOut {
    Ipv4Hop route;
    std::optional<Hop> hop{};
  };

  // The way in (stack/stack.cpp).
  void link_input(Interface& in, Packet packet);
  void ethernet_input(Interface& in, Packet packet);
  void ipv4_input(Packet packet);
  bool may_be_nameless(const wire::Ipv4Header& ip) const;
  std::optional<DropReason> refuse_addresses(const Packet& packet);
  bool check_options(const Packet& packet, Destination destination);
  static void make_readable(Packet& packet);
  void deliver(Packet packet, Destination destination);
  Packet reassemble(Packet fragment);
  void icmp_input(Packet packet, Destination destination);
  void igmp_input(Packet packet);
  void udp_input(Packet packet);
  void tcp_input(Packet packet, Destination destination);

  // What programs send (stack/host.cpp).
  void host_input(Interface& out, Packet frame);
  void host_ipv4(Interface& out, const MacAddress& chosen, Packet datagram);
  std::optional<Ipv4Address> our_way(const Interface& out, const MacAddress& chosen,
                                     Ipv4Address destination, const Ipv4Hop* route) const;
  bool is_kernels(const wire::Ipv4Header& ip) const {
    return host_sockets_ && ip.protocol != ip_protocol::icmp;
  }

  // The way through (stack/stack.cpp).
  void forward(Packet packet, const Ipv4Hop* route);
  void transit(Packet packet, const Egress& egress);
  void redirect(const Packet& packet, const Egress& egress);

  // What is answered (stack/answers.cpp).
  void echo_request(Packet packet, Destination destination);
  void timestamp_request(Packet packet, Destination destination);
  void turn_around(Packet packet, Destination destination);
  void keep_for_listeners(Packet packet);
  void redirect_input(const Packet& packet);
  void obey_redirect(const Ipv4Route& route);
  void withdraw_redirects(const NeighborKey& gateway);
  void answer_with_error(const Packet& offending, const IcmpMessage& message);
  bool may_answer(const wire::Ipv4Header& offending, bool from_ourselves);

  // The way out (stack/output.cpp).
  Expected<WayOut, DropReason> way_out(const Flow& flow, IfIndex bound);
  Expected<void, DropReason> send_by_route(Packet payload, const Ipv4Send& how);
  Expected<void, DropReason> originate(Packet datagram, const WayOut& way);
  void send_reply(Packet payload, const Ipv4Send& how);
  IfIndex group_interface(const Ipv4Send& how) const;
  void send_reports(Interface& out);
  void transmit(const Hop& hop, Packet datagram);
  void transmit_pieces(const Hop& hop, Packet datagram);
  bool cut(const Hop& hop, Packet datagram, PacketQueue& pieces);
  void to_link(const Hop& hop, Packet datagram);
  void finish(Interface& out, Packet frame);
  void run_loopback();

  // The ways to end (stack/output.cpp).
  void drop(Packet packet, DropReason reason);
  void drop_all(PacketQueue packets, DropReason reason, IfIndex out);
  void count_drop(IfIndex on, DropReason reason);
  void refuse(Packet packet, const Refusal& refusal);
  void neighbor_failed(const NeighborKey& key, PacketQueue waiting);
  void reassembly_failed(AbandonedDatagram abandoned);

  void announce_all(Interface& interface);
  void tell_neighbors_of_us(Interface& interface);
  bool stamp(Packet& packet, Ipv4Address address);
  std::uint32_t milliseconds_of_day() const;
  /// Is what comes in there and is for others forwarded?
  bool is_forwarded(IfIndex in) const {
    return settings_.forwarding && interfaces()[in].forwarding;
  }
  const Ipv4Hop* lookup(Ipv4Address address) const { return tables_.fib().lookup(address); }
  /// The one way that this flow takes, where the route has several.
  const Ipv4Hop* path_of(const Ipv4Hop* route, const Flow& flow) const {
    if (route == nullptr || route->group == nullptr) [[likely]]
      return route;
    return &choose_path(*route->group, hash_of(flow, settings_.multipath_hash, flow_hash_),
                        interfaces());
  }
  const Ipv4Hop* path_of(const Ipv4Hop* route, const Packet& datagram) const {
    if (route == nullptr || route->group == nullptr) [[likely]]
      return route;
    return path_of(route, flow_of(datagram.bytes()));
  }

  Random random_;
  PacketPool pool_;  // before everything that holds packets
  StackCounters counters_;
  Settings settings_;
  Tables tables_;
  Arp arp_;
  Igmp igmp_;
  Reassembly reassembly_;
  Identification identification_;
  IcmpLimiter limiter_;
  PacketQueue loopback_;
  PacketQueue inbox_;
  std::deque<Ipv4Prefix> redirected_;
  KeyedHash flow_hash_;
  Carrier carrier_;
  bool host_sockets_ = false;
  unsigned listeners_ = 0;
  Instant now_{};
  std::optional<Instant> midnight_;
};

}  // namespace smolstack
