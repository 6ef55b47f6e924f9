#pragma once
// Network interfaces: what the stack knows of each of its links.

#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/packet/queue.hpp"
#include "smolstack/stats/counters.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"
#include "smolstack/wire/mac_address.hpp"
#include "smolstack/wire/offload.hpp"

namespace smolstack {

/// What a frame on this link begins with.
enum class LinkType : std::uint8_t {
  ethernet,        ///< an Ethernet header; next hops are found by ARP
  point_to_point,  ///< nothing: the IP packet itself (TUN)
  loopback,        ///< never leaves the machine
};

/// RFC 791 §3.2: every link carries 68 bytes; the total length field ends at 65,535.
inline constexpr std::uint32_t min_mtu = 68;
inline constexpr std::uint32_t max_mtu = 65535;
inline constexpr std::uint32_t loopback_mtu = 65536;
/// `lo` is there before any other.
inline constexpr IfIndex loopback_index{1};

/// Whether the way back to a source is asked for before a packet is taken in (RFC 3704 §2). The
/// numbers are those of net.ipv4.conf.NAME.rp_filter.
enum class ReversePath : std::uint8_t {
  off = 0,
  strict = 1,  ///< it leads out by the interface that the packet came in on (§2.2)
  loose = 2,   ///< there is one (§2.4)
};

struct InterfaceAddress {
  Ipv4Subnet subnet{};
  bool secondary = false;  ///< another, earlier address lies in the same network
  bool duplicate = false;  ///< somebody else on the link uses it too (RFC 5227 §2.4)
};

/// One interface. `outgoing` holds frames until the device takes them; whoever drives the stack
/// empties it after each batch.
struct Interface {
  IfIndex index = IfIndex::none;
  std::string name{};
  LinkType link = LinkType::ethernet;
  MacAddress mac{};
  std::uint32_t mtu = 1500;
  bool up = true;       ///< what the administrator wants
  bool running = true;  ///< what the device says: present and carrying frames
  /// What the device does for us; the rest is done when a frame leaves (Stack::drain).
  OffloadCapabilities offloads{};
  /// What comes in here may be forwarded, when Settings::forwarding is on too.
  bool forwarding = true;
  ReversePath rp_filter = ReversePath::off;
  std::vector<InterfaceAddress> addresses{};
  /// Multicast groups that are joined here besides 224.0.0.1, in ascending order (RFC 1112 §7.1).
  std::vector<Ipv4Address> groups{};
  DropCounters drops{};
  InterfaceCounters counters{};
  PacketQueue outgoing{};

  bool usable() const { return up && running; }
  const InterfaceAddress* find(Ipv4Address address) const;
  /// An own address whose network holds `neighbor`, the first one given first; none: nullptr.
  const InterfaceAddress* address_towards(Ipv4Address neighbor) const;
  /// Is this multicast group joined here? That of all systems always is (RFC 1112 §7.2).
  bool is_member(Ipv4Address group) const;
  /// May a host with this address be a neighbour on this link? Network and broadcast addresses
  /// and our own may not.
  bool on_link(Ipv4Address neighbor) const;
};

/// All interfaces of a machine; `lo` is the first.
class InterfaceTable {
 public:
  /// Adds an interface and gives it the next index.
  Interface& add(Interface interface);

  Interface& operator[](IfIndex index) {
    assert(contains(index));
    return *slots_[slot_of(index)];
  }
  const Interface& operator[](IfIndex index) const {
    assert(contains(index));
    return *slots_[slot_of(index)];
  }
  bool contains(IfIndex index) const { return slot_of(index) < slots_.size(); }
  Interface* find(std::string_view name);
  const Interface* find(std::string_view name) const;
  /// The interface that holds `address`, whatever its state.
  const Interface* holder_of(Ipv4Address address) const;

  auto begin() { return slots_.begin(); }
  auto end() { return slots_.end(); }
  auto begin() const { return slots_.begin(); }
  auto end() const { return slots_.end(); }
  std::size_t size() const { return slots_.size(); }

 private:
  static std::size_t slot_of(IfIndex index) { return static_cast<std::size_t>(index) - 1; }
  std::vector<std::unique_ptr<Interface>> slots_;
};

}  // namespace smolstack
