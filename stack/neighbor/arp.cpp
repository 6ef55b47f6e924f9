#include "smolstack/neighbor/arp.hpp"

#include <algorithm>

#include "smolstack/wire/ethernet.hpp"

// Read RFC 826 "Packet Reception" and RFC 5227 §2 first.

namespace smolstack {
namespace {

constexpr TokenRate request_rate{100, 256};  // broadcast requests on one interface
constexpr Duration defend_interval = std::chrono::seconds(10);   // RFC 5227 §1.1
constexpr Duration announce_interval = std::chrono::seconds(2);  // RFC 5227 §1.1
constexpr std::size_t conflicts_kept = 64;

/// RFC 1122 §3.2.1.3: no host sends from these. 0.0.0.0 is apart: it asks, and claims nothing.
bool is_impossible_sender(const Interface& in, Ipv4Address sender) {
  if (sender.is_unspecified()) return false;
  if (sender.is_this_network() || sender.is_loopback() || sender.is_multicast()) return true;
  if (sender.is_class_e()) return true;
  return in.address_towards(sender) != nullptr && !in.on_link(sender) && in.find(sender) == nullptr;
}

}  // namespace

Arp::Arp(PacketPool& pool, InterfaceTable& interfaces, StackCounters& counters, Random& random,
         const NeighborLimits& limits, const NeighborTimers& timers)
    : pool_(pool), interfaces_(interfaces), counters_(counters), cache_(random, limits, timers) {}

// --- Out ---------------------------------------------------------------------------------------

Displaced Arp::send(Interface& out, Ipv4Address next_hop, Packet datagram, Instant now) {
  const NeighborKey key{out.index, next_hop};
  if (const MacAddress* const mac = cache_.resolve(key, now)) {
    transmit(out, *mac, std::move(datagram));
    return {};
  }
  NeighborWait wait = cache_.wait(key, std::move(datagram), now);
  if (wait.action == NeighborAction::ask_everyone) ask(key, broadcast_mac, now);
  return {std::move(wait.dropped), wait.reason};
}

Displaced Arp::want(Interface& out, Ipv4Address neighbor, Instant now) {
  const NeighborKey key{out.index, neighbor};
  if (out.link != LinkType::ethernet || !out.usable()) return {};
  if (cache_.resolve(key, now) != nullptr) return {};
  NeighborWait wait = cache_.want(key, now);
  if (wait.action == NeighborAction::ask_everyone) ask(key, broadcast_mac, now);
  return {std::move(wait.dropped), wait.reason};
}

void Arp::transmit(Interface& out, const MacAddress& destination, Packet datagram) {
  datagram.push(sizeof(wire::EthernetHeader));
  auto& ethernet = datagram.header<wire::EthernetHeader>();
  ethernet.destination = destination;
  ethernet.source = out.mac;
  ethernet.type = ether_type::ipv4;
  out.outgoing.push(std::move(datagram));
}

void Arp::transmit_arp(Interface& out, const Frame& frame) {
  Packet packet = pool_.allocate(sizeof(wire::EthernetHeader) + sizeof(wire::ArpPacket));
  if (!packet) return out.drops.count(DropReason::no_buffer);
  packet.append(sizeof(wire::EthernetHeader) + sizeof(wire::ArpPacket));
  packet.header<wire::EthernetHeader>() = {frame.to, out.mac, ether_type::arp};
  packet.pull(sizeof(wire::EthernetHeader));
  wire::ArpPacket arp;
  arp.operation = frame.operation;
  arp.sender_mac = out.mac;
  arp.sender = frame.sender;
  arp.target_mac = frame.target_mac;
  arp.target = frame.target;
  packet.header<wire::ArpPacket>() = arp;
  packet.push(sizeof(wire::EthernetHeader));
  ++(frame.operation == arp_operation::reply ? counters_.arp_replies_sent
                                             : counters_.arp_requests_sent);
  out.outgoing.push(std::move(packet));
}

void Arp::ask(const NeighborKey& key, const MacAddress& to, Instant now) {
  Interface& out = interfaces_[key.interface];
  if (to.is_broadcast() && !bucket_of(key.interface).take(request_rate, now)) {
    ++counters_.arp_requests_limited;
    return;  // the neighbour's timer asks again in a second
  }
  const InterfaceAddress* own = out.address_towards(key.address);
  if (own == nullptr && !out.addresses.empty()) own = &out.addresses.front();
  const Ipv4Address sender = own == nullptr ? Ipv4Address() : own->subnet.address;
  transmit_arp(out, {arp_operation::request, to, sender, {}, key.address});
}

void Arp::perform(NeighborDuty duty, Instant now) {
  switch (duty.action) {
    case NeighborAction::ask_everyone: return ask(duty.key, broadcast_mac, now);
    case NeighborAction::ask_neighbor: return ask(duty.key, duty.mac, now);
    case NeighborAction::send_waiting:
      while (Packet packet = duty.released.pop())
        transmit(interfaces_[duty.key.interface], duty.mac, std::move(packet));
      return;
    case NeighborAction::none:
    case NeighborAction::fail_waiting:
    case NeighborAction::forget: return;
  }
}

// --- In ----------------------------------------------------------------------------------------

Expected<void, DropReason> Arp::receive(Interface& in, const Packet& packet, Instant now) {
  const auto parsed = parse_arp(packet.bytes());
  if (!parsed.has_value()) return unexpected(parsed.error());
  const wire::ArpPacket& arp = **parsed;

  // RFC 1812 §3.3.2: a group address is nobody's link address.
  if (arp.sender_mac.is_group() || arp.sender_mac.is_zero() || is_impossible_sender(in, arp.sender))
    return unexpected(DropReason::arp_bad_sender);
  if (arp.sender_mac == in.mac) return unexpected(DropReason::own_frame);
  if (in.find(arp.sender) != nullptr) {
    conflict(in, arp.sender, arp.sender_mac, now);
    return unexpected(DropReason::arp_conflict);
  }

  learn(in, arp, packet, now);
  if (arp.operation == arp_operation::request && in.find(arp.target) != nullptr) answer(in, arp);
  return {};
}

// The merge step of RFC 826: known neighbours are updated by whatever they send; a new one is
// remembered only when it asked for us. Only neighbours on this very network count.
void Arp::learn(Interface& in, const wire::ArpPacket& arp, const Packet& packet, Instant now) {
  if (!in.on_link(arp.sender)) return;
  const bool is_for_us = in.find(arp.target) != nullptr;
  const bool is_request = arp.operation == arp_operation::request;
  const bool is_answer = !is_request && is_for_us && !packet->link_broadcast;
  const auto event = is_answer ? NeighborEvent::reply : NeighborEvent::heard;
  perform(cache_.learn({in.index, arp.sender}, arp.sender_mac, event, is_request && is_for_us, now),
          now);
}

// To the hardware address that the packet names, not to the frame's (RFC 826). The target of a
// probe's answer is 0.0.0.0, as asked (RFC 5227 §2.1.1).
void Arp::answer(Interface& in, const wire::ArpPacket& arp) {
  transmit_arp(in, {arp_operation::reply, arp.sender_mac, arp.target, arp.sender_mac, arp.sender});
}

// --- Our own addresses -------------------------------------------------------------------------

void Arp::announce(Interface& interface, Ipv4Address address, Instant now) {
  if (interface.link != LinkType::ethernet || !interface.usable()) return;
  // A probe makes whoever has the address speak up (RFC 5227 §2.1.1). We do not wait for the
  // answer: a lab has to be up in a moment, and a conflict is reported whenever it shows.
  transmit_arp(interface, {arp_operation::request, broadcast_mac, Ipv4Address(), {}, address});
  transmit_announcement(interface, address);
  announcements_.push_back({{interface.index, address}, now + announce_interval});
}

void Arp::transmit_announcement(Interface& interface, Ipv4Address address) {
  transmit_arp(interface, {arp_operation::request, broadcast_mac, address, {}, address});
}

// RFC 5227 §2.3: an announcement is sent twice.
void Arp::repeat_announcements(Instant now) {
  std::erase_if(announcements_, [&](const Announcement& announcement) {
    if (announcement.due > now) return false;
    Interface& interface = interfaces_[announcement.key.interface];
    const Ipv4Address address = announcement.key.address;
    if (interface.usable() && interface.find(address) != nullptr)
      transmit_announcement(interface, address);
    return true;
  });
}

// RFC 5227 §2.4(b): defend the address with one announcement, at most once in ten seconds, and go
// on using it.
void Arp::conflict(Interface& in, Ipv4Address address, const MacAddress& other, Instant now) {
  for (auto& own : in.addresses)
    if (own.subnet.address == address) own.duplicate = true;
  Defence& defence = defence_of({in.index, address});
  if (!defence.last || now - *defence.last >= defend_interval) {
    defence.last = now;
    transmit_announcement(in, address);
  }
  if (conflicts_.size() < conflicts_kept) conflicts_.push_back({in.index, address, other, now});
}

Arp::Defence& Arp::defence_of(const NeighborKey& key) {
  const auto at = std::ranges::find(defences_, key, &Defence::key);
  return at != defences_.end() ? *at : defences_.emplace_back(Defence{key, std::nullopt});
}

// --- Time and administration -------------------------------------------------------------------

std::optional<Instant> Arp::next_deadline() const {
  std::optional<Instant> first = cache_.next_deadline();
  for (const Announcement& announcement : announcements_)
    if (!first || announcement.due < *first) first = announcement.due;
  return first;
}

void Arp::set(const NeighborKey& key, const MacAddress& mac, NeighborState state, Instant now) {
  perform(cache_.set(key, mac, state, now), now);
}

TokenBucket& Arp::bucket_of(IfIndex interface) {
  const auto at = static_cast<std::size_t>(interface);
  if (at >= buckets_.size()) buckets_.resize(at + 1);
  return buckets_[at];
}

}  // namespace smolstack
