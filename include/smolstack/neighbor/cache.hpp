#pragma once
// Who is who on the links: entries, the packets that wait for them, and their timers.

#include <cstdint>
#include <optional>
#include <vector>

#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/base/random.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/neighbor/adjacency.hpp"
#include "smolstack/neighbor/key.hpp"
#include "smolstack/neighbor/machine.hpp"
#include "smolstack/packet/queue.hpp"
#include "smolstack/stats/counters.hpp"
#include "smolstack/time/timer_wheel.hpp"

namespace smolstack {

struct NeighborLimits {
  std::uint32_t entries = 1024;    ///< per interface
  std::uint32_t incomplete = 256;  ///< of them, not yet resolved
  /// Waiting for one neighbour: a whole datagram of 65,535 bytes fits, in fragments of 552 bytes.
  std::uint32_t waiting_each = 128;
  /// Over all neighbours, in packets (of 2 KiB); each keeps its latest one beyond that.
  std::uint32_t waiting_all = 512;
};

/// One neighbour as people may see it.
struct NeighborView {
  NeighborKey key{};
  MacAddress mac{};
  NeighborState state = NeighborState::none;
  Instant used{};
  Instant confirmed{};
  Instant updated{};
  std::uint8_t requests = 0;
};

/// Something the table wants done now. Packets in `released` go to `mac` (send_waiting) or are
/// given up (fail_waiting).
struct NeighborDuty {
  NeighborAction action = NeighborAction::none;
  NeighborKey key{};
  MacAddress mac{};
  PacketQueue released{};
};

/// What became of a wish for a neighbour, with or without a packet that waits for it: whether to
/// ask for it now, and which packets had to go (the oldest, those of an evicted neighbour, or the
/// packet itself).
struct NeighborWait {
  NeighborAction action = NeighborAction::none;  ///< none or ask_everyone
  PacketQueue dropped{};
  DropReason reason = DropReason::neighbor_queue_full;
};

class NeighborCache {
 public:
  NeighborCache(Random& random, const NeighborLimits& limits, const NeighborTimers& timers);

  /// The link address for a packet that goes out now, nullptr when it must wait. Using a stale
  /// entry starts its re-check.
  const MacAddress* resolve(const NeighborKey& key, Instant now);
  /// Keeps a packet until its neighbour is known.
  NeighborWait wait(const NeighborKey& key, Packet packet, Instant now);
  /// The same without a packet: somebody else wants the neighbour resolved.
  NeighborWait want(const NeighborKey& key, Instant now);
  /// A link address was learnt. `may_create` only for a request addressed to us (RFC 826).
  NeighborDuty learn(const NeighborKey& key, const MacAddress& mac, NeighborEvent event,
                     bool may_create, Instant now);
  /// Runs the timers that came due; `on_duty(NeighborDuty)`.
  template <class OnDuty>
  void advance(Instant now, OnDuty&& on_duty) {
    wheel_.advance(now, [&](std::uint32_t index) {
      if (auto duty = expired(index, now); duty.action != NeighborAction::none)
        on_duty(std::move(duty));
    });
  }
  std::optional<Instant> next_deadline() const { return wheel_.next_deadline(); }

  /// `ip neigh replace ... nud permanent|reachable|stale`. Waiting packets come out in the duty.
  NeighborDuty set(const NeighborKey& key, const MacAddress& mac, NeighborState state, Instant now);
  /// Packets that waited come out in `waiting`; false: no such entry.
  bool remove(const NeighborKey& key, PacketQueue& waiting);
  /// Forgets all neighbours on one link; packets that waited come out.
  PacketQueue remove_all(IfIndex interface);
  std::optional<NeighborView> find(const NeighborKey& key) const;
  std::vector<NeighborView> entries() const;  ///< by interface and address

  /// From now on changes are kept for take_changes(): of all that there is, at first.
  void watch(bool on);
  /// Entries whose state or link address changed since the last call, as they are now, each once;
  /// of those that are gone the key, with the state none. What came and went again in between is
  /// left out. Bounded by the table itself.
  std::vector<NeighborView> take_changes();

  /// Those of the neighbours that need no asking: always in step with the entries.
  const Adjacencies& adjacencies() const { return adjacencies_; }

  const HighWater& size() const { return size_; }
  const HighWater& waiting() const { return waiting_; }

 private:
  static constexpr std::uint32_t nobody = ~0u;
  struct Entry {
    NeighborView view;
    PacketQueue waiting;
    TimerId timer = TimerId::none;
    std::uint32_t next = nobody;   ///< in its hash chain, or in the free list
    std::uint32_t older = nobody;  ///< among the incomplete of its interface
    std::uint32_t newer = nobody;
    bool in_use = false;
    bool used_lately = false;  ///< second chance of the eviction clock
    bool changed = false;      ///< its index is in `changed_`
    bool told = false;         ///< take_changes() has reported it: its end must be reported too
  };
  struct Population {
    std::uint32_t entries = 0;
    std::uint32_t incomplete = 0;
    std::uint32_t oldest = nobody;  ///< of the incomplete
    std::uint32_t newest = nobody;
  };
  static constexpr std::uint32_t buckets = 1024;

  std::uint32_t bucket_of(const NeighborKey& key) const;
  std::uint32_t index_of(const NeighborKey& key) const;
  Population& population(IfIndex interface);
  std::uint32_t create(const NeighborKey& key, PacketQueue* evicted);
  bool make_room(IfIndex interface, PacketQueue* evicted);
  std::optional<std::uint32_t> victim(IfIndex interface);
  PacketQueue erase(std::uint32_t index);
  NeighborDuty apply(std::uint32_t index, NeighborEvent event, Instant now);
  void enter(std::uint32_t index, NeighborState next);
  void link_incomplete(std::uint32_t index);
  void unlink_incomplete(std::uint32_t index);
  void set_mac(std::uint32_t index, const MacAddress& mac);
  void publish(const Entry& entry);
  void note_use(Entry& entry) const;
  NeighborView view_of(const Entry& entry) const;
  void arm(std::uint32_t index, const NeighborStep& next, Instant now);
  PacketQueue take_waiting(Entry& entry);
  void note_change(std::uint32_t index);
  void note_end(std::uint32_t index);
  void reserve_changes();
  std::uint32_t ask_for(const NeighborKey& key, NeighborWait& result, Instant now);
  NeighborDuty expired(std::uint32_t index, Instant now);

  Random& random_;
  KeyedHash hash_;
  Adjacencies adjacencies_;
  NeighborLimits limits_;
  NeighborTimers timers_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> heads_;
  std::vector<Population> populations_;
  TimerWheel<std::uint32_t> wheel_;
  std::uint32_t free_ = nobody;
  std::uint32_t hand_ = 0;
  bool watched_ = false;
  std::vector<std::uint32_t> changed_;  ///< room for every entry, so that noting never allocates
  std::vector<NeighborKey> ended_;      ///< likewise: each entry ends once before it is told again
  HighWater size_;
  HighWater waiting_;
};

}  // namespace smolstack
