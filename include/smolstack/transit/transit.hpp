#pragma once
// The plain way through a router, for many frames at once.

#include <array>
#include <cstddef>
#include <span>

#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/ip/settings.hpp"
#include "smolstack/neighbor/adjacency.hpp"
#include "smolstack/packet/batch.hpp"
#include "smolstack/route/tables.hpp"
#include "smolstack/wire/ethernet.hpp"

namespace smolstack {

/// What a datagram in transit is judged by, and where it goes. Interfaces and counters belong to
/// the thread that carries; forwarding table and neighbours may be changed by another one.
struct Plane {
  InterfaceTable& interfaces;
  const Ipv4Fib& fib;
  const Adjacencies& neighbors;
  StackCounters& counters;
  const KeyedHash& flow_hash;  ///< where a route has several ways
  MultipathHash multipath_hash = MultipathHash::addresses;
};

/// Carries frames in transit as long as there is nothing to say about them: the common case, and
/// the only one that is made to be fast.
///
/// The questions are those of the long way (stack/stack.cpp), most of them asked of the same
/// functions. At the first objection, and for all that takes more than tables (own addresses,
/// options, fragments to make, a redirect, a neighbour to be asked for), the frame is not a plain
/// one.
///
/// One for each thread. It keeps what is known of the frames from stage to stage; from call to call
/// nothing but its pace.
class Carrier {
 public:
  /// Carries frames that came in on `in`, where forwarding is on, to the interfaces by which they
  /// leave, and counts them there and here. Returns how many; the frame behind those is as it was,
  /// nothing of it is counted, and it is to go the long way before those that follow.
  std::size_t carry(Plane& plane, Interface& in, std::span<Packet> frames, Instant now);
  /// Would carry() take this frame, if its turn were now? Nothing is done to it.
  bool may_carry(Plane& plane, Interface& in, const Packet& frame, Instant now);

 private:
  /// How many frames go through a stage together, so that they wait for memory at the same time.
  static constexpr std::size_t convoy = 64;
  /// After an objection: the frames behind it are looked at anew in the next call, so where many
  /// object few are looked at in vain.
  static constexpr std::size_t slow_pace = 4;

  /// Where frames leave that take the same hop: interface and neighbour are asked for once, not
  /// once a frame.
  struct alignas(64) Way {
    HopId hop;
    std::uint32_t header;  ///< bytes of the link header there
    std::uint32_t mtu;
    Ipv4Address next_hop;
    Interface* out;
    wire::EthernetHeader ethernet;
    bool is_gateway;  ///< the next hop is the same, whatever the destination
    bool goes_back;   ///< by the interface that the frames came by
  };
  struct Passage;

  template <std::uint32_t header>
  std::size_t carry_convoy(const Passage& passage, std::span<Packet> frames);
  template <std::uint32_t header>
  std::size_t prepare(const Passage& passage, std::span<const Packet> frames);

  template <std::uint32_t header>
  std::size_t admit(const Passage& passage, std::span<const Packet> frames);
  bool note_source(Ipv4Address source, std::size_t frame);
  std::size_t check_sources(const Passage& passage, std::size_t count);

  template <std::uint32_t header>
  std::size_t find_ways(const Passage& passage, std::span<const Packet> frames);
  const Way* known_way(HopId hop, Ipv4Address destination) const;
  const Way* explore(const Passage& passage, std::size_t number, ConstBytes datagram);
  const Way* lay_way(const Passage& passage, HopId id, const Ipv4Hop& hop, Ipv4Address destination);

  template <std::uint32_t header>
  std::size_t dispatch(const Passage& passage, std::span<Packet> frames);

  std::size_t pace_ = convoy;  ///< how many go together next; twice as many each time

  // Of each frame of the convoy.
  std::array<Ipv4Address, convoy> destination_;
  std::array<HopId, convoy> hop_;
  std::array<const Way*, convoy> way_of_;

  // Sources, each once for all that follow one another.
  Ipv4Address known_source_;  ///< of the frame before
  std::size_t sources_ = 0;
  std::array<Ipv4Address, convoy> source_;
  std::array<std::uint8_t, convoy> source_of_;  ///< the first frame that has it

  // The ways of the convoy, in the order in which they were met.
  std::size_t ways_ = 0;
  std::array<Way, convoy> way_;
  std::array<std::uint8_t, convoy> place_{};  ///< by hop: where its way may be
};

}  // namespace smolstack
