#pragma once
// ARP (RFC 826, RFC 1122 §2.3.2, RFC 5227): questions, answers, announcements, defence.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/base/token_bucket.hpp"
#include "smolstack/neighbor/cache.hpp"
#include "smolstack/netif/interface.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/wire/arp.hpp"

namespace smolstack {

/// Somebody else uses an address of ours.
struct AddressConflict {
  IfIndex interface = IfIndex::none;
  Ipv4Address address;
  MacAddress other;
  Instant at{};
};

/// Packets that had to go so that another could wait, and why.
struct Displaced {
  PacketQueue packets;
  DropReason reason = DropReason::neighbor_queue_full;
};

/// The link layer of all Ethernet interfaces: puts datagrams into frames, asks for link addresses
/// that it does not know, answers those who ask for ours. Frames go to Interface::outgoing.
class Arp {
 public:
  Arp(PacketPool& pool, InterfaceTable& interfaces, StackCounters& counters, Random& random,
      const NeighborLimits& limits = {}, const NeighborTimers& timers = {});

  /// Sends an IPv4 datagram to a neighbour: now, or when it has answered.
  Displaced send(Interface& out, Ipv4Address next_hop, Packet datagram, Instant now);
  /// Finds out who a neighbour is although no packet of ours waits for it; one that is known is
  /// used, as by a packet. When nobody answers, advance() reports it as any other.
  Displaced want(Interface& out, Ipv4Address neighbor, Instant now);
  /// Puts a datagram into a frame to a known link address.
  static void transmit(Interface& out, const MacAddress& destination, Packet datagram);

  /// Handles an ARP packet (the Ethernet header is pulled).
  Expected<void, DropReason> receive(Interface& in, const Packet& packet, Instant now);

  /// An address came up: ask whether somebody has it, and announce it (RFC 5227 §2.1.1, §2.3).
  void announce(Interface& interface, Ipv4Address address, Instant now);

  /// Runs due timers. `on_failed(NeighborKey, PacketQueue)` for each neighbour that did not
  /// answer, with the packets that waited for it.
  template <class OnFailed>
  void advance(Instant now, OnFailed&& on_failed) {
    cache_.advance(now, [&](NeighborDuty duty) {
      if (duty.action == NeighborAction::fail_waiting)
        on_failed(duty.key, std::move(duty.released));
      else
        perform(std::move(duty), now);
    });
    repeat_announcements(now);
  }
  std::optional<Instant> next_deadline() const;

  /// Administrator's changes, as `ip neigh` makes them.
  void set(const NeighborKey& key, const MacAddress& mac, NeighborState state, Instant now);
  /// Packets that waited come out in `waiting`; false: no such entry.
  bool remove(const NeighborKey& key, PacketQueue& waiting) { return cache_.remove(key, waiting); }
  PacketQueue remove_all(IfIndex interface) { return cache_.remove_all(interface); }
  const NeighborCache& cache() const { return cache_; }
  /// What changed of the neighbours, for those who keep a table beside ours: see NeighborCache.
  void watch(bool on) { cache_.watch(on); }
  std::vector<NeighborView> take_changes() { return cache_.take_changes(); }

  /// Conflicts since the last call, oldest first.
  std::vector<AddressConflict> take_conflicts() { return std::exchange(conflicts_, {}); }

 private:
  struct Frame {
    std::uint16_t operation;
    MacAddress to;  ///< Ethernet destination
    Ipv4Address sender;
    MacAddress target_mac;
    Ipv4Address target;
  };
  struct Announcement {
    NeighborKey key;
    Instant due{};
  };
  struct Defence {
    NeighborKey key;
    std::optional<Instant> last{};
  };

  void transmit_arp(Interface& out, const Frame& frame);
  void ask(const NeighborKey& key, const MacAddress& to, Instant now);
  void perform(NeighborDuty duty, Instant now);
  void learn(Interface& in, const wire::ArpPacket& arp, const Packet& packet, Instant now);
  void answer(Interface& in, const wire::ArpPacket& arp);
  void conflict(Interface& in, Ipv4Address address, const MacAddress& other, Instant now);
  Defence& defence_of(const NeighborKey& key);
  void transmit_announcement(Interface& interface, Ipv4Address address);
  void repeat_announcements(Instant now);
  TokenBucket& bucket_of(IfIndex interface);

  PacketPool& pool_;
  InterfaceTable& interfaces_;
  StackCounters& counters_;
  NeighborCache cache_;
  std::vector<TokenBucket> buckets_;
  std::vector<Announcement> announcements_;
  std::vector<Defence> defences_;
  std::vector<AddressConflict> conflicts_;
};

}  // namespace smolstack
