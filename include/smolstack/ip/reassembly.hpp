#pragma once
// Fragments become datagrams again (RFC 791 §3.2, RFC 815), within bounds (RFC 1858, RFC 6274).
//
// A datagram grows in one buffer; a map of its 8-byte blocks says which have come. So a fragment
// costs the same whether ten or a thousand came before it, and overlaps show at once.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/ip/block_map.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/packet/queue.hpp"
#include "smolstack/stats/counters.hpp"
#include "smolstack/time/timer_wheel.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

struct ReassemblyLimits {
  std::uint32_t bytes = 4u << 20;  ///< of buffers
  std::uint32_t datagrams = 256;
  std::uint32_t per_source = 16;
};

/// A datagram that was given up. When fragment zero had come, `packet` is that fragment with its
/// IPv4 header in front, and a Time Exceeded may be owed about it.
struct AbandonedDatagram {
  Packet packet;
  bool has_first = false;
};

class Reassembly {
 public:
  explicit Reassembly(PacketPool& pool, const ReassemblyLimits& limits = {})
      : pool_(pool), limits_(limits) {}

  /// Takes a fragment with a valid header in front. When it was the last one missing, the whole
  /// datagram comes back, no fragment any more and its header checksum right; while others are
  /// missing, an empty packet. A fragment that overlaps others ends the whole datagram.
  Expected<Packet, DropReason> add(Packet fragment, Duration keep_for, Instant now);

  /// `on_abandoned(AbandonedDatagram)` for each datagram whose time is over.
  template <class OnAbandoned>
  void advance(Instant now, OnAbandoned&& on_abandoned) {
    wheel_.advance(now, [&](std::uint32_t slot) { on_abandoned(abandon(slot)); });
  }
  std::optional<Instant> next_deadline() const { return wheel_.next_deadline(); }

  /// What is left of the datagrams that had to make room for others since the last call.
  PacketQueue take_evicted() { return std::exchange(evicted_, PacketQueue()); }

  const HighWater& datagrams() const { return count_; }
  const HighWater& bytes() const { return bytes_; }
  const ReassemblyLimits& limits() const { return limits_; }

 private:
  /// RFC 791 §3.2: what the fragments of one datagram have in common.
  struct Key {
    Ipv4Address source;
    Ipv4Address destination;
    std::uint16_t identification = 0;
    std::uint8_t protocol = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Datagram {
    bool in_use = false;
    Packet packet;  ///< each byte of data at its place; the header goes into the headroom
    BlockMap arrived;
    std::size_t received = 0;          ///< bytes of data that have come
    std::optional<std::size_t> total;  ///< known once the last fragment has come
    std::array<std::byte, 60> header{};
    std::size_t header_length = 0;  ///< of fragment zero; 0: it has not come
    std::size_t first_length = 0;   ///< bytes of data in fragment zero
    std::uint64_t order = 0;        ///< of arrival: the lowest is the oldest
    TimerId timer = TimerId::none;
  };
  /// Where one fragment's data goes.
  struct Piece {
    std::size_t offset;
    ConstBytes data;
    bool more;
    std::size_t end() const { return offset + data.size(); }
  };

  static Key key_of(const wire::Ipv4Header& ip);
  static Expected<Piece, DropReason> piece_of(const Packet& fragment);
  static bool fits(const Datagram& datagram, const Piece& piece);
  static bool is_duplicate(const Datagram& datagram, const Piece& piece);
  static void put(Datagram& datagram, const wire::Ipv4Header& ip, const Packet& fragment,
                  const Piece& piece);
  std::uint32_t find(const Key& key) const;
  std::uint32_t open(const Key& key, const Packet& fragment, Duration keep_for, Instant now);
  std::uint32_t free_slot();
  void make_room(Ipv4Address source);
  bool evict_oldest(std::optional<Ipv4Address> source, std::uint32_t keep);
  bool grow(std::uint32_t slot, std::size_t end);
  Packet finish(std::uint32_t slot);
  AbandonedDatagram abandon(std::uint32_t slot);
  Packet close(std::uint32_t slot);

  static constexpr std::uint32_t nowhere = ~0u;

  PacketPool& pool_;
  ReassemblyLimits limits_;
  // Few enough to be found by a walk over their keys, which lie side by side.
  std::vector<Key> keys_;
  std::vector<std::unique_ptr<Datagram>> datagrams_;
  TimerWheel<std::uint32_t> wheel_;
  PacketQueue evicted_;
  std::uint64_t arrivals_ = 0;
  HighWater count_;
  HighWater bytes_;
};

}  // namespace smolstack
