#include "smolstack/transit/transit.hpp"

#include <algorithm>

#include "smolstack/ip/flow.hpp"
#include "smolstack/ip/forward.hpp"
#include "smolstack/ip/input.hpp"
#include "smolstack/route/multipath.hpp"

// Frames go through three stages, up to 64 together. In a stage they have nothing to do with one
// another, so that the processor works on several at once, and waits for all their memory at once:
//
//   admit      is it a plain frame, and a valid datagram with a hop to go?   its bytes alone
//   find ways  where do its addresses lead, and who is there?                table, neighbours
//   dispatch   may it leave that way? one hop less, a new link header        its bytes again
//
// All of it becomes one function, carry(): a fifth faster than with calls.

namespace smolstack {

/// What holds for all frames of a call.
struct Carrier::Passage {
  Plane& plane;
  Interface& in;
  Instant now;
  std::uint64_t mac = in.mac.word();  ///< to whom frames must be
  std::size_t longest = in.mtu + sizeof(wire::EthernetHeader);
};

namespace {

constexpr std::uint32_t ethernet_header = sizeof(wire::EthernetHeader);

/// The way of a frame whose route has several; it is of use to that frame alone.
constexpr HopId one_of_several{~0u};

/// Is it a unicast frame to us, of IPv4, from another station? One that refuse_frame() takes.
bool is_plain_frame(const Packet& frame, std::uint64_t own, std::size_t longest) {
  const auto& ethernet = frame.header<wire::EthernetHeader>();
  return ethernet.destination_word() == own && ethernet.type == ether_type::ipv4 &&
         !ethernet.source.is_group() && ethernet.source_word() != own && !exceeds(frame, longest);
}

/// Is it a valid datagram without options, to a host that may be anywhere, with a hop to go?
bool is_plain_datagram(ConstBytes datagram) {
  const auto& ip = header_at<wire::Ipv4Header>(datagram);
  return !ip.has_options() && ip.destination.is_ordinary() && ip.ttl > 1 && !refuse_ipv4(datagram);
}

constexpr std::size_t place_of(HopId hop) {
  return static_cast<std::size_t>(hop) % 64;
}

/// The one way that this datagram's flow takes, where its route has several.
const Ipv4Hop& choose(const Plane& plane, ConstBytes datagram, const Ipv4HopGroup& group) {
  const std::uint32_t hash = hash_of(flow_of(datagram), plane.multipath_hash, plane.flow_hash);
  return choose_path(group, hash, plane.interfaces);
}

}  // namespace

// --- Admit -------------------------------------------------------------------------------------

/// How many of the frames are plain, from the first on, as far as their bytes tell.
template <std::uint32_t header>
std::size_t Carrier::admit(const Passage& passage, std::span<const Packet> frames) {
  sources_ = 0;
  std::size_t count = 0;
  for (; count < frames.size(); ++count) {
    const Packet& frame = frames[count];
    const ConstBytes bytes = frame.bytes();
    if (bytes.size() < header + sizeof(wire::Ipv4Header)) break;
    if (header != 0 && !is_plain_frame(frame, passage.mac, passage.longest)) break;
    const ConstBytes datagram = bytes.subspan(header);
    if (!is_plain_datagram(datagram)) break;
    const auto& ip = header_at<wire::Ipv4Header>(datagram);
    destination_[count] = ip.destination;
    passage.plane.fib.fetch_root(ip.destination);
    const bool is_known = count > 0 && ip.source == known_source_;
    if (!is_known && !note_source(ip.source, count)) break;
  }
  return count;
}

/// The table is asked of a train's source once. False: nobody's.
bool Carrier::note_source(Ipv4Address source, std::size_t frame) {
  if (!source.is_ordinary()) return false;
  known_source_ = source;
  source_[sources_] = source;
  source_of_[sources_++] = static_cast<std::uint8_t>(frame);
  return true;
}

/// How many are left before the first whose source is one of ours, or comes by the wrong way.
std::size_t Carrier::check_sources(const Passage& passage, std::size_t count) {
  const Ipv4Fib& fib = passage.plane.fib;
  fib.find(std::span(source_).first(sources_), std::span(hop_).first(sources_));
  for (std::size_t i = 0; i < sources_; ++i) {
    const Ipv4Hop* const back = fib.hop(hop_[i]);
    if (is_martian_source(source_[i], back) || fails_reverse_path(passage.in, source_[i], back))
      return source_of_[i];
  }
  return count;
}

// --- Find ways ---------------------------------------------------------------------------------

/// How many of the frames have a way, from the first on.
template <std::uint32_t header>
std::size_t Carrier::find_ways(const Passage& passage, std::span<const Packet> frames) {
  passage.plane.fib.find(std::span(destination_).first(frames.size()),
                         std::span(hop_).first(frames.size()));
  ways_ = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Way* way = known_way(hop_[i], destination_[i]);
    if (way == nullptr) [[unlikely]]
      way = explore(passage, i, frames[i].bytes().subspan(header));
    if (way == nullptr) [[unlikely]]
      return i;
    way_of_[i] = way;
  }
  return frames.size();
}

/// The way that another frame of the convoy took by this hop; nullptr: none did. What `place_` says
/// may be of an earlier convoy, and of another hop: the way itself tells.
const Carrier::Way* Carrier::known_way(HopId hop, Ipv4Address destination) const {
  const std::size_t number = place_[place_of(hop)];
  const Way& way = way_[number];
  const bool is_it =
      number < ways_ && way.hop == hop && (way.is_gateway || way.next_hop == destination);
  return is_it ? &way : nullptr;
}

const Carrier::Way* Carrier::explore(const Passage& passage, std::size_t number,
                                     ConstBytes datagram) {
  const Ipv4Hop* const route = passage.plane.fib.hop(hop_[number]);
  if (route == nullptr) return nullptr;
  if (route->group == nullptr) [[likely]]
    return lay_way(passage, hop_[number], *route, destination_[number]);
  const Ipv4Hop& chosen = choose(passage.plane, datagram, *route->group);
  return lay_way(passage, one_of_several, chosen, destination_[number]);
}

/// nullptr: the hop leads nowhere, or the neighbour is to be asked for first.
const Carrier::Way* Carrier::lay_way(const Passage& passage, HopId id, const Ipv4Hop& hop,
                                     Ipv4Address destination) {
  if (refuse_route(&hop, passage.plane.interfaces)) return nullptr;
  Interface& out = passage.plane.interfaces[hop.interface];
  Way& way = way_[ways_];
  // Field by field: a whole one would be made elsewhere, and copied before it has arrived there.
  way.hop = id;
  way.header = out.link == LinkType::ethernet ? ethernet_header : 0;
  way.mtu = out.mtu;
  way.next_hop = hop.next_hop(destination);
  way.out = &out;
  way.ethernet.source = out.mac;
  way.ethernet.type = ether_type::ipv4;
  way.is_gateway = hop.has_gateway();
  way.goes_back = &out == &passage.in;
  if (way.header != 0 && !passage.plane.neighbors.find({out.index, way.next_hop}, passage.now,
                                                       way.ethernet.destination))
    return nullptr;
  place_[place_of(id)] = static_cast<std::uint8_t>(ways_++);
  return &way;
}

// --- Dispatch ----------------------------------------------------------------------------------

namespace {

/// May the frame leave by this way with nothing to be done to it, and nothing to be said?
template <class Way>
bool may_leave(const Way& way, const Packet& frame, const wire::Ipv4Header& ip,
               std::uint32_t header) {
  if (way.goes_back && is_redirect_owed(*way.out, ip.source, way.next_hop)) return false;
  if (frame.is_plain()) [[likely]]
    return ip.total_length <= way.mtu;
  return longest_datagram(ip, frame, header) <= way.mtu && way.out->offloads.take(frame->offload);
}

}  // namespace

/// Sends frames on their ways, from the first on, and returns how many.
template <std::uint32_t header>
std::size_t Carrier::dispatch(const Passage& passage, std::span<Packet> frames) {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  for (; count < frames.size(); ++count) {
    Packet& frame = frames[count];
    const Way& way = *way_of_[count];
    std::byte* const start = frame->storage + frame->begin + header;
    auto& ip = header_at<wire::Ipv4Header>(Bytes(start, sizeof(wire::Ipv4Header)));
    if (!may_leave(way, frame, ip, header)) break;
    bytes += frame.size();
    ip.decrement_ttl();
    if (way.header != 0)
      header_at<wire::EthernetHeader>(Bytes(start - ethernet_header, ethernet_header)) =
          way.ethernet;
    const std::uint32_t datagram = frame->begin + header;
    frame->arrived_on = passage.in.index;
    frame->begin = datagram - way.header;
    frame->end = datagram + ip.total_length;  // Ethernet padding ends here
    way.out->outgoing.push(std::move(frame));
  }
  passage.in.counters.rx_bytes += bytes;
  return count;
}

// --- All of it ---------------------------------------------------------------------------------

/// How many of the frames have nothing against them but, perhaps, the way itself.
template <std::uint32_t header>
std::size_t Carrier::prepare(const Passage& passage, std::span<const Packet> frames) {
  std::size_t count = admit<header>(passage, frames);
  count = check_sources(passage, count);
  return find_ways<header>(passage, frames.first(count));
}

template <std::uint32_t header>
std::size_t Carrier::carry_convoy(const Passage& passage, std::span<Packet> frames) {
  return dispatch<header>(passage, frames.first(prepare<header>(passage, frames)));
}

[[gnu::flatten]] std::size_t Carrier::carry(Plane& plane, Interface& in, std::span<Packet> frames,
                                            Instant now) {
  if (!in.up) return 0;
  const Passage passage{plane, in, now};
  std::size_t carried = 0;
  for (bool goes_on = true; goes_on && carried < frames.size();) {
    const auto next = frames.subspan(carried, std::min(pace_, frames.size() - carried));
    const std::size_t gone = in.link == LinkType::ethernet
                                 ? carry_convoy<ethernet_header>(passage, next)
                                 : carry_convoy<0>(passage, next);
    goes_on = gone == next.size();
    pace_ = goes_on ? std::min(2 * pace_, convoy) : slow_pace;
    carried += gone;
  }
  in.counters.rx_packets += carried;
  plane.counters.forwarded += carried;
  return carried;
}

bool Carrier::may_carry(Plane& plane, Interface& in, const Packet& frame, Instant now) {
  if (!in.up) return false;
  const Passage passage{plane, in, now};
  const bool is_ethernet = in.link == LinkType::ethernet;
  const std::uint32_t header = is_ethernet ? ethernet_header : 0;
  const std::span frames(&frame, 1);
  if ((is_ethernet ? prepare<ethernet_header>(passage, frames) : prepare<0>(passage, frames)) == 0)
    return false;
  const auto& ip = header_at<wire::Ipv4Header>(frame.bytes().subspan(header));
  return may_leave(*way_of_[0], frame, ip, header);
}

}  // namespace smolstack
