#include "smolstack/ip/reassembly.hpp"

#include <algorithm>
#include <cstring>

// Read RFC 791 §3.2 "Reassembly" and RFC 1858 §3 first.

namespace smolstack {

Expected<Packet, DropReason> Reassembly::add(Packet fragment, Duration keep_for, Instant now) {
  const auto piece = piece_of(fragment);
  if (!piece.has_value()) return unexpected(piece.error());
  const auto& ip = fragment.header<wire::Ipv4Header>();
  const Key key = key_of(ip);
  std::uint32_t slot = find(key);
  if (slot == nowhere) slot = open(key, fragment, keep_for, now);
  if (slot == nowhere || !grow(slot, piece->end())) return unexpected(DropReason::no_buffer);

  Datagram& datagram = *datagrams_[slot];
  if (is_duplicate(datagram, *piece)) return Packet();
  if (!fits(datagram, *piece)) {
    // RFC 1858 §3 and RFC 5722 §4: whoever overlaps means no good; nothing of it is delivered.
    (void)close(slot);
    return unexpected(DropReason::fragment_overlap);
  }
  put(datagram, ip, fragment, *piece);
  if (datagram.header_length + datagram.packet.size() > max_datagram) {
    // Each fragment fitted with its own header, the whole does not with fragment zero's options.
    (void)close(slot);
    return unexpected(DropReason::fragment_malformed);
  }
  if (datagram.total != datagram.received) return Packet();
  return finish(slot);
}

// --- One fragment ------------------------------------------------------------------------------

Reassembly::Key Reassembly::key_of(const wire::Ipv4Header& ip) {
  return {ip.source, ip.destination, ip.identification, ip.protocol};
}

// RFC 791 §3.2: all but the last come in whole eights, none is empty, and none ends beyond what a
// total length can say (the ping of death did).
Expected<Reassembly::Piece, DropReason> Reassembly::piece_of(const Packet& fragment) {
  const auto& ip = fragment.header<wire::Ipv4Header>();
  const Piece piece{ip.fragment_offset(), ConstBytes(fragment.bytes()).subspan(ip.header_length()),
                    ip.more_fragments()};
  const bool is_ragged = piece.more && piece.data.size() % 8 != 0;
  const bool is_beyond = piece.end() + ip.header_length() > max_datagram;
  if (piece.data.empty() || is_ragged || is_beyond)
    return unexpected(DropReason::fragment_malformed);
  return piece;
}

bool Reassembly::is_duplicate(const Datagram& datagram, const Piece& piece) {
  if (!datagram.arrived.all(BlockMap::Range::of(piece.offset, piece.data.size()))) return false;
  if (!piece.more && datagram.total != piece.end()) return false;
  if (piece.more && datagram.total && piece.end() >= *datagram.total) return false;
  const ConstBytes there = ConstBytes(datagram.packet.bytes()).subspan(piece.offset);
  return std::ranges::equal(there.first(piece.data.size()), piece.data);
}

bool Reassembly::fits(const Datagram& datagram, const Piece& piece) {
  if (datagram.arrived.any(BlockMap::Range::of(piece.offset, piece.data.size()))) return false;
  // There is one end, and nothing behind it.
  if (piece.more) return !datagram.total || piece.end() < *datagram.total;
  return !datagram.total && datagram.packet.size() <= piece.end();
}

void Reassembly::put(Datagram& datagram, const wire::Ipv4Header& ip, const Packet& fragment,
                     const Piece& piece) {
  std::memcpy(datagram.packet.bytes().subspan(piece.offset).data(), piece.data.data(),
              piece.data.size());
  datagram.arrived.set(BlockMap::Range::of(piece.offset, piece.data.size()));
  datagram.received += piece.data.size();
  if (!piece.more) datagram.total = piece.end();
  if (piece.offset != 0) return;
  datagram.header_length = ip.header_length();
  datagram.first_length = piece.data.size();
  std::memcpy(datagram.header.data(), fragment.bytes().data(), datagram.header_length);
}

// --- One datagram ------------------------------------------------------------------------------

std::uint32_t Reassembly::find(const Key& key) const {
  for (std::uint32_t slot = 0; slot < keys_.size(); ++slot)
    if (keys_[slot] == key && datagrams_[slot]->in_use) return slot;
  return nowhere;
}

std::uint32_t Reassembly::free_slot() {
  const auto at = std::ranges::find_if(datagrams_, [](const auto& d) { return !d->in_use; });
  if (at != datagrams_.end()) return static_cast<std::uint32_t>(at - datagrams_.begin());
  keys_.emplace_back();
  datagrams_.push_back(std::make_unique<Datagram>());
  return static_cast<std::uint32_t>(datagrams_.size() - 1);
}

std::uint32_t Reassembly::open(const Key& key, const Packet& fragment, Duration keep_for,
                               Instant now) {
  make_room(key.source);
  Packet packet = pool_.allocate(PacketPool::small_capacity);
  if (!packet) return nowhere;
  packet->arrived_on = fragment->arrived_on;
  packet->arrived_at = fragment->arrived_at;
  packet->link_broadcast = fragment->link_broadcast;
  packet->from_host = fragment->from_host;
  bytes_.set(bytes_.level() + packet->capacity);

  const std::uint32_t slot = free_slot();
  keys_[slot] = key;
  Datagram& datagram = *datagrams_[slot];
  datagram = Datagram();
  datagram.in_use = true;
  datagram.packet = std::move(packet);
  datagram.order = ++arrivals_;
  datagram.timer = wheel_.schedule(now, keep_for, slot);
  count_.set(count_.level() + 1);
  return slot;
}

/// Makes sure that the buffer reaches to `end`; the first jump goes to the longest there is.
bool Reassembly::grow(std::uint32_t slot, std::size_t end) {
  Packet& packet = datagrams_[slot]->packet;
  if (end > packet->capacity) {
    while (bytes_.level() + PacketPool::large_capacity > limits_.bytes)
      if (!evict_oldest(std::nullopt, slot)) return false;
    Packet larger = pool_.allocate(end);
    if (!larger) return false;
    bytes_.set(bytes_.level() + larger->capacity - packet->capacity);
    std::memcpy(larger.append(packet.size()).data(), packet.bytes().data(), packet.size());
    larger->arrived_on = packet->arrived_on;
    larger->arrived_at = packet->arrived_at;
    larger->link_broadcast = packet->link_broadcast;
    larger->from_host = packet->from_host;
    packet = std::move(larger);
  }
  if (end > packet.size()) packet.append(end - packet.size());
  return true;
}

// Fragment zero's header counts (RFC 791 §3.2), now of a datagram that is whole.
Packet Reassembly::finish(std::uint32_t slot) {
  const Datagram& datagram = *datagrams_[slot];
  const std::size_t length = datagram.header_length;
  const std::array<std::byte, 60> header = datagram.header;
  Packet packet = close(slot);
  std::memcpy(packet.push(length).data(), header.data(), length);
  auto& ip = packet.header<wire::Ipv4Header>();
  ip.total_length = static_cast<std::uint16_t>(packet.size());
  ip.flags_offset = std::uint16_t{0};
  finish_ipv4_header(packet.bytes().first(length));
  return packet;
}

AbandonedDatagram Reassembly::abandon(std::uint32_t slot) {
  const Datagram& datagram = *datagrams_[slot];
  const std::size_t length = datagram.header_length;
  const std::size_t first = datagram.first_length;
  const std::array<std::byte, 60> header = datagram.header;
  Packet packet = close(slot);
  if (length == 0) return {std::move(packet), false};
  packet.trim(first);
  std::memcpy(packet.push(length).data(), header.data(), length);
  return {std::move(packet), true};
}

Packet Reassembly::close(std::uint32_t slot) {
  Datagram& datagram = *datagrams_[slot];
  datagram.in_use = false;
  wheel_.cancel(datagram.timer);
  bytes_.set(bytes_.level() - datagram.packet->capacity);
  count_.set(count_.level() - 1);
  return std::move(datagram.packet);
}

// --- All of them -------------------------------------------------------------------------------

// RFC 6274 §3.4: who sends many halves pushes out its own first. The oldest go, so that honest
// fragments, which come close together, are completed even in a flood.
void Reassembly::make_room(Ipv4Address source) {
  std::size_t from_source = 0;
  for (std::size_t slot = 0; slot < keys_.size(); ++slot)
    from_source += datagrams_[slot]->in_use && keys_[slot].source == source ? 1u : 0u;
  if (from_source >= limits_.per_source) (void)evict_oldest(source, nowhere);
  const auto is_full = [&] {
    return count_.level() >= limits_.datagrams ||
           bytes_.level() + PacketPool::small_capacity > limits_.bytes;
  };
  while (is_full() && evict_oldest(std::nullopt, nowhere)) {
  }
}

bool Reassembly::evict_oldest(std::optional<Ipv4Address> source, std::uint32_t keep) {
  std::uint32_t oldest = nowhere;
  for (std::uint32_t slot = 0; slot < keys_.size(); ++slot) {
    const bool counts =
        datagrams_[slot]->in_use && slot != keep && (!source || keys_[slot].source == *source);
    if (!counts) continue;
    if (oldest == nowhere || datagrams_[slot]->order < datagrams_[oldest]->order) oldest = slot;
  }
  if (oldest == nowhere) return false;
  evicted_.push(close(oldest));
  return true;
}

}  // namespace smolstack
