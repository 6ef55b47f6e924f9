#pragma once
// Timers as values (Varghese and Lauck, 1987). Four wheels of 64 slots, one turning 64 times as
// slowly as the next: 1 ms, 64 ms, 4 s and 4.4 min a slot. A timer lies in the finest wheel that
// reaches its deadline, and falls into finer ones as the time comes near.

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "smolstack/base/time.hpp"

namespace smolstack {

/// Names one scheduled timer. A stale id (the timer fired or was cancelled) is harmless.
enum class TimerId : std::uint64_t { none = 0 };

/// Timers are data, not callbacks: advance() hands out the tokens that came due, and the room
/// switches on them. O(1) for each operation; no allocation once grown. Never fires early; late
/// by less than a millisecond beyond the instant that advance() is told.
template <class Token>
class TimerWheel {
 public:
  static constexpr Duration tick = std::chrono::milliseconds(1);

  TimerId schedule(Instant now, Duration delay, Token token) {
    if (size_ == 0) now_ = std::max(now_, floor(now));
    const std::uint32_t n = take_node();
    nodes_[n].token = std::move(token);
    nodes_[n].due = std::max(ceil(now + delay), now_ + 1);
    link(n);
    ++size_;
    return id_of(n);
  }

  void cancel(TimerId id) {
    const auto n = static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> 32) - 1;
    if (id == TimerId::none || id_of(n) != id || nodes_[n].slot == nowhere) return;
    unlink(n);
    release(n);
  }

  /// Moves the time on and calls `on_due(Token)` for each timer whose deadline has come, in the
  /// order of their milliseconds. `on_due` may schedule and cancel.
  template <class OnDue>
  void advance(Instant now, OnDue&& on_due) {
    const Tick target = floor(now);
    for (auto next = next_event(); next && *next <= target; next = next_event()) {
      now_ = *next;
      for (unsigned level = levels - 1; level > 0; --level)
        if (turned(level)) cascade(level);
      auto& head = heads_[slot_of(now_, 0)];
      while (head != none) on_due(release(unlink(head)));
    }
    now_ = std::max(now_, target);
  }

  /// When advance() should be called at the latest: the first deadline, exactly, as long as few
  /// timers lie beside it; where many do, it may find nothing due yet then.
  std::optional<Instant> next_deadline() const {
    std::optional<Tick> first;
    for (unsigned level = 0; level < levels; ++level)
      if (const auto begins = next_slot(level)) first = earlier(first, first_due(level, *begins));
    if (!first) return std::nullopt;
    return Instant(tick * static_cast<Duration::rep>(*first));
  }

  std::size_t size() const { return size_; }

 private:
  using Tick = std::uint64_t;
  static constexpr unsigned levels = 4;
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slots = 1u << slot_bits;
  static constexpr Tick reach = Tick{1} << (slot_bits * levels);
  static constexpr std::uint32_t none = ~0u;
  static constexpr std::uint16_t nowhere = 0xffff;

  struct Node {
    Token token{};
    Tick due = 0;
    std::uint32_t next = none;
    std::uint32_t previous = none;
    std::uint32_t generation = 1;
    std::uint16_t slot = nowhere;
  };

  static Tick floor(Instant t) { return static_cast<Tick>(t.time_since_epoch() / tick); }
  static Tick ceil(Instant t) { return floor(t + tick - Duration(1)); }
  static std::uint16_t slot_of(Tick t, unsigned level) {
    return static_cast<std::uint16_t>(level * slots + ((t >> (slot_bits * level)) & (slots - 1)));
  }
  bool turned(unsigned level) const { return (now_ & ((Tick{1} << (slot_bits * level)) - 1)) == 0; }
  TimerId id_of(std::uint32_t n) const {
    if (n >= nodes_.size()) return TimerId::none;
    return static_cast<TimerId>((std::uint64_t{n} + 1) << 32 | nodes_[n].generation);
  }

  static Tick earlier(std::optional<Tick> first, Tick other) {
    return first ? std::min(*first, other) : other;
  }

  // The first tick after now_ at which a slot of this wheel begins that holds something.
  std::optional<Tick> next_slot(unsigned level) const {
    if (occupied_[level] == 0) return std::nullopt;
    const Tick current = now_ >> (slot_bits * level);
    const auto after = static_cast<int>((current + 1) & (slots - 1));
    const auto distance = std::countr_zero(std::rotr(occupied_[level], after));
    return (current + 1 + static_cast<Tick>(distance)) << (slot_bits * level);
  }

  // What is to be done next: a deadline at level 0, a cascade above.
  std::optional<Tick> next_event() const {
    std::optional<Tick> first;
    for (unsigned level = 0; level < levels; ++level)
      if (const auto begins = next_slot(level)) first = earlier(first, *begins);
    return first;
  }

  // The first deadline in the slot that begins then, or its beginning where more lie in it than
  // are worth looking at. Timers beyond the reach of all wheels are due after their slot.
  Tick first_due(unsigned level, Tick begins) const {
    constexpr int worth_looking_at = 32;
    Tick first = begins + (Tick{1} << (slot_bits * level));
    int looked_at = 0;
    for (auto n = heads_[slot_of(begins, level)]; n != none; n = nodes_[n].next) {
      if (++looked_at > worth_looking_at) return begins;
      first = std::min(first, nodes_[n].due);
    }
    return first;
  }

  void cascade(unsigned level) {
    std::uint32_t n = heads_[slot_of(now_, level)];
    while (n != none) {
      const std::uint32_t next = nodes_[n].next;
      unlink(n);
      link(n);
      n = next;
    }
  }

  void link(std::uint32_t n) {
    Node& node = nodes_[n];
    // A timer due at this very tick (it just fell from a coarser wheel) lies in level 0.
    const Tick delta = node.due - now_;
    const Tick placed = delta < reach ? node.due : now_ + reach - 1;
    unsigned level = 0;
    while (level + 1 < levels && delta >> (slot_bits * (level + 1)) != 0) ++level;
    node.slot = slot_of(placed, level);
    node.previous = none;
    node.next = heads_[node.slot];
    if (node.next != none) nodes_[node.next].previous = n;
    heads_[node.slot] = n;
    occupied_[level] |= std::uint64_t{1} << (node.slot % slots);
  }

  std::uint32_t unlink(std::uint32_t n) {
    Node& node = nodes_[n];
    (node.previous == none ? heads_[node.slot] : nodes_[node.previous].next) = node.next;
    if (node.next != none) nodes_[node.next].previous = node.previous;
    if (heads_[node.slot] == none)
      occupied_[node.slot / slots] &= ~(std::uint64_t{1} << (node.slot % slots));
    node.slot = nowhere;
    return n;
  }

  std::uint32_t take_node() {
    if (free_ == none) {
      nodes_.emplace_back();
      return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    return std::exchange(free_, nodes_[free_].next);
  }

  Token release(std::uint32_t n) {
    Node& node = nodes_[n];
    ++node.generation;
    node.next = std::exchange(free_, n);
    --size_;
    return std::move(node.token);
  }

  static constexpr std::array<std::uint32_t, levels * slots> empty_heads() {
    std::array<std::uint32_t, levels * slots> heads{};
    heads.fill(none);
    return heads;
  }

  std::vector<Node> nodes_;
  std::array<std::uint32_t, levels* slots> heads_ = empty_heads();
  std::array<std::uint64_t, levels> occupied_{};
  std::uint32_t free_ = none;
  std::size_t size_ = 0;
  Tick now_ = 0;
};

}  // namespace smolstack
