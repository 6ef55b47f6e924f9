#include "smolstack/neighbor/cache.hpp"

#include <algorithm>
#include <utility>

namespace smolstack {

using enum NeighborState;

NeighborCache::NeighborCache(Random& random, const NeighborLimits& limits,
                             const NeighborTimers& timers)
    : random_(random),
      hash_(random),
      adjacencies_(random),
      limits_(limits),
      timers_(timers),
      heads_(buckets, nobody) {}

// --- Finding -----------------------------------------------------------------------------------

std::uint32_t NeighborCache::bucket_of(const NeighborKey& key) const {
  const auto word = static_cast<std::uint64_t>(key.interface) << 32 | key.address.host();
  return static_cast<std::uint32_t>(hash_(word) % buckets);
}

std::uint32_t NeighborCache::index_of(const NeighborKey& key) const {
  std::uint32_t index = heads_[bucket_of(key)];
  while (index != nobody && entries_[index].view.key != key) index = entries_[index].next;
  return index;
}

NeighborCache::Population& NeighborCache::population(IfIndex interface) {
  const auto at = static_cast<std::size_t>(interface);
  if (at >= populations_.size()) populations_.resize(at + 1);
  return populations_[at];
}

std::optional<NeighborView> NeighborCache::find(const NeighborKey& key) const {
  const std::uint32_t index = index_of(key);
  if (index == nobody) return std::nullopt;
  return view_of(entries_[index]);
}

std::vector<NeighborView> NeighborCache::entries() const {
  std::vector<NeighborView> all;
  for (const Entry& entry : entries_)
    if (entry.in_use) all.push_back(view_of(entry));
  std::ranges::sort(all, [](const NeighborView& a, const NeighborView& b) {
    return std::pair(a.key.interface, a.key.address) < std::pair(b.key.interface, b.key.address);
  });
  return all;
}

// --- The data path -----------------------------------------------------------------------------

const MacAddress* NeighborCache::resolve(const NeighborKey& key, Instant now) {
  const std::uint32_t index = index_of(key);
  if (index == nobody) return nullptr;
  Entry& entry = entries_[index];
  if (!has_address(entry.view.state)) return nullptr;
  entry.view.used = now;
  entry.used_lately = true;
  if (entry.view.state == stale) (void)apply(index, NeighborEvent::packet, now);
  return &entry.view.mac;
}

std::uint32_t NeighborCache::ask_for(const NeighborKey& key, NeighborWait& result, Instant now) {
  std::uint32_t index = index_of(key);
  if (index == nobody) index = create(key, &result.dropped);
  if (index == nobody || !result.dropped.empty()) result.reason = DropReason::neighbor_table_full;
  if (index == nobody) return index;
  result.action = apply(index, NeighborEvent::packet, now).action;
  entries_[index].view.used = now;
  return index;
}

NeighborWait NeighborCache::want(const NeighborKey& key, Instant now) {
  NeighborWait result;
  (void)ask_for(key, result, now);
  return result;
}

NeighborWait NeighborCache::wait(const NeighborKey& key, Packet packet, Instant now) {
  NeighborWait result;
  const std::uint32_t index = ask_for(key, result, now);
  if (index == nobody) {
    result.dropped.push(std::move(packet));
    return result;
  }
  Entry& entry = entries_[index];
  entry.waiting.push(std::move(packet));
  waiting_.set(waiting_.level() + 1);
  // RFC 1122 §2.3.2.2: at least the latest is kept, however many others wait; so the oldest goes.
  const bool too_many = waiting_.level() > limits_.waiting_all && entry.waiting.size() > 1;
  if (entry.waiting.size() > limits_.waiting_each || too_many) {
    result.dropped.push(entry.waiting.pop());
    waiting_.set(waiting_.level() - 1);
  }
  return result;
}

NeighborDuty NeighborCache::learn(const NeighborKey& key, const MacAddress& mac,
                                  NeighborEvent event, bool may_create, Instant now) {
  std::uint32_t index = index_of(key);
  if (index == nobody && may_create) index = create(key, nullptr);
  if (index == nobody) return {};

  Entry& entry = entries_[index];
  if (entry.view.state == permanent) return {};
  const bool was_asked =
      entry.view.state == incomplete || entry.view.state == probe || entry.view.state == delay;
  const bool is_new = has_address(entry.view.state) && entry.view.mac != mac;
  // Only an answer to a question of ours proves that the neighbour hears us.
  if (event == NeighborEvent::reply && !was_asked) event = NeighborEvent::heard;
  if (event == NeighborEvent::heard && is_new) event = NeighborEvent::moved;
  set_mac(index, mac);
  entry.view.updated = now;
  if (event == NeighborEvent::reply) entry.view.confirmed = now;
  return apply(index, event, now);
}

// --- The machine at work -----------------------------------------------------------------------

NeighborDuty NeighborCache::apply(std::uint32_t index, NeighborEvent event, Instant now) {
  Entry& entry = entries_[index];
  const NeighborStep next = step(entry.view.state, event, entry.view.requests, timers_);
  enter(index, next.next);
  arm(index, next, now);

  NeighborDuty duty{next.action, entry.view.key, entry.view.mac, {}};
  switch (next.action) {
    case NeighborAction::ask_everyone:
    case NeighborAction::ask_neighbor: ++entry.view.requests; break;
    case NeighborAction::send_waiting:
    case NeighborAction::fail_waiting: duty.released = take_waiting(entry); break;
    case NeighborAction::none:
    case NeighborAction::forget: break;
  }
  return duty;
}

void NeighborCache::enter(std::uint32_t index, NeighborState next) {
  NeighborView& view = entries_[index].view;
  if (next == view.state) return;
  note_change(index);
  note_use(entries_[index]);
  if (view.state == incomplete) unlink_incomplete(index);
  if (next == incomplete) link_incomplete(index);
  view.state = next;
  view.requests = 0;
  publish(entries_[index]);
}

void NeighborCache::set_mac(std::uint32_t index, const MacAddress& mac) {
  Entry& entry = entries_[index];
  if (entry.view.mac == mac) return;
  note_change(index);
  entry.view.mac = mac;
  publish(entry);
}

/// Tells the data path what it may do by itself. A stale neighbour is not among it: its use starts
/// the re-check, which is the state machine's.
void NeighborCache::publish(const Entry& entry) {
  const NeighborState state = entry.view.state;
  if (has_address(state) && state != stale)
    adjacencies_.publish(entry.view.key, entry.view.mac);
  else
    adjacencies_.withdraw(entry.view.key);
}

/// Takes over when the data path last used an entry.
void NeighborCache::note_use(Entry& entry) const {
  const auto used = adjacencies_.last_used(entry.view.key);
  if (!used || *used <= entry.view.used) return;
  entry.view.used = *used;
  entry.used_lately = true;
}

NeighborView NeighborCache::view_of(const Entry& entry) const {
  NeighborView view = entry.view;
  view.used = std::max(view.used, adjacencies_.last_used(view.key).value_or(view.used));
  return view;
}

void NeighborCache::link_incomplete(std::uint32_t index) {
  Population& here = population(entries_[index].view.key.interface);
  entries_[index].older = here.newest;
  entries_[index].newer = nobody;
  (here.newest == nobody ? here.oldest : entries_[here.newest].newer) = index;
  here.newest = index;
  ++here.incomplete;
}

void NeighborCache::unlink_incomplete(std::uint32_t index) {
  const Entry& entry = entries_[index];
  Population& here = population(entry.view.key.interface);
  (entry.older == nobody ? here.oldest : entries_[entry.older].newer) = entry.newer;
  (entry.newer == nobody ? here.newest : entries_[entry.newer].older) = entry.older;
  --here.incomplete;
}

void NeighborCache::arm(std::uint32_t index, const NeighborStep& next, Instant now) {
  if (next.keep_timer) return;
  Entry& entry = entries_[index];
  wheel_.cancel(entry.timer);
  entry.timer = TimerId::none;
  if (!next.timer) return;
  Duration delay = *next.timer;
  // RFC 4861 §6.3.2: between a half and one and a half, so that neighbours do not fall in step.
  if (next.next == reachable) delay = delay / 2 + delay * random_.below(1000) / 1000;
  entry.timer = wheel_.schedule(now, delay, index);
}

PacketQueue NeighborCache::take_waiting(Entry& entry) {
  waiting_.set(waiting_.level() - entry.waiting.size());
  return std::exchange(entry.waiting, PacketQueue());
}

NeighborDuty NeighborCache::expired(std::uint32_t index, Instant now) {
  entries_[index].timer = TimerId::none;
  NeighborDuty duty = apply(index, NeighborEvent::timeout, now);
  if (duty.action == NeighborAction::forget) {
    (void)erase(index);
    duty.action = NeighborAction::none;
  }
  return duty;
}

// --- Coming and going --------------------------------------------------------------------------

// A sweep over addresses that nobody has must not keep an honest neighbour from being found: it
// answers within moments, so whoever has been asked for longest is the least likely to. Something
// heard (`evicted` is nullptr) never pushes out a neighbour that packets wait for.
bool NeighborCache::make_room(IfIndex interface, PacketQueue* evicted) {
  const Population here = population(interface);
  const bool is_full = here.entries >= limits_.entries;
  if (evicted != nullptr && here.incomplete >= limits_.incomplete) {
    *evicted = erase(here.oldest);
    return true;
  }
  if (!is_full) return true;
  if (const auto old = victim(interface)) return erase(*old), true;
  if (evicted == nullptr || here.oldest == nobody) return false;
  *evicted = erase(here.oldest);
  return true;
}

std::uint32_t NeighborCache::create(const NeighborKey& key, PacketQueue* evicted) {
  if (!make_room(key.interface, evicted)) return nobody;
  if (free_ == nobody) {
    entries_.emplace_back();
    free_ = static_cast<std::uint32_t>(entries_.size() - 1);
    reserve_changes();
  }
  const std::uint32_t index = free_;
  Entry& entry = entries_[index];
  free_ = entry.next;
  entry.view = NeighborView{.key = key};
  entry.in_use = true;
  entry.used_lately = false;
  entry.next = std::exchange(heads_[bucket_of(key)], index);
  ++population(key.interface).entries;
  size_.set(size_.level() + 1);
  return index;
}

// Goes round like the hand of a clock: who was used since it last came by gets another round.
// Confirmed and permanent neighbours, and those that packets wait for, are never evicted.
std::optional<std::uint32_t> NeighborCache::victim(IfIndex interface) {
  const auto count = static_cast<std::uint32_t>(entries_.size());
  for (std::uint32_t tries = 0; tries < 2 * count; ++tries) {
    hand_ = (hand_ + 1) % count;
    Entry& entry = entries_[hand_];
    const NeighborState state = entry.view.state;
    const bool may_go = state == stale || state == failed || state == none;
    if (!entry.in_use || entry.view.key.interface != interface || !may_go) continue;
    if (!std::exchange(entry.used_lately, false)) return hand_;
  }
  return std::nullopt;
}

PacketQueue NeighborCache::erase(std::uint32_t index) {
  Entry& entry = entries_[index];
  std::uint32_t* link = &heads_[bucket_of(entry.view.key)];
  while (*link != index) link = &entries_[*link].next;
  *link = entry.next;

  PacketQueue waiting = take_waiting(entry);
  note_end(index);
  enter(index, none);
  wheel_.cancel(entry.timer);
  --population(entry.view.key.interface).entries;
  size_.set(size_.level() - 1);
  entry.in_use = false;
  entry.timer = TimerId::none;
  entry.next = std::exchange(free_, index);
  return waiting;
}

// --- The administrator -------------------------------------------------------------------------

NeighborDuty NeighborCache::set(const NeighborKey& key, const MacAddress& mac, NeighborState state,
                                Instant now) {
  std::uint32_t index = index_of(key);
  if (index == nobody) index = create(key, nullptr);
  if (index == nobody) return {};
  Entry& entry = entries_[index];
  set_mac(index, mac);
  entry.view.updated = now;
  if (state == reachable) entry.view.confirmed = now;
  enter(index, state);
  const auto timer = state == reachable ? std::optional(timers_.reachable) : std::nullopt;
  arm(index, {.next = state, .timer = timer}, now);
  return {NeighborAction::send_waiting, key, mac, take_waiting(entry)};
}

bool NeighborCache::remove(const NeighborKey& key, PacketQueue& waiting) {
  const std::uint32_t index = index_of(key);
  if (index == nobody) return false;
  waiting = erase(index);
  return true;
}

PacketQueue NeighborCache::remove_all(IfIndex interface) {
  PacketQueue waiting;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].in_use || entries_[i].view.key.interface != interface) continue;
    PacketQueue of_this = erase(i);
    while (Packet packet = of_this.pop()) waiting.push(std::move(packet));
  }
  return waiting;
}

}  // namespace smolstack
