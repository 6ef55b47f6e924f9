#pragma once
// When may a writer reuse what readers may still be looking at?

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace smolstack {

/// Quiescent states (McKenney and Slingwine, 1998): a reader says from time to time that it holds
/// nothing, which costs it one store; what the writer took away before that is nobody's any more.
/// Up to `max_readers` threads read and one writes; no reader ever waits.
class Quiescence {
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> seen{0};  ///< the reader's last date; 0: it reads nothing
    std::atomic<bool> taken{false};
  };

 public:
  static constexpr std::size_t max_readers = 64;

  /// One thread's membership. It is online at first: what it reads it may keep until it calls
  /// quiescent(). The writer can reuse nothing while an online reader is silent, so who goes to
  /// sleep goes offline first.
  class Reader {
   public:
    explicit Reader(Quiescence& of) : of_(of), slot_(of.claim()) { online(); }
    ~Reader() {
      offline();
      slot_.taken.store(false, std::memory_order_release);
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// Nothing that was read up to now is held any longer.
    void quiescent() {
      slot_.seen.store(of_.date_.load(std::memory_order_acquire), std::memory_order_release);
    }
    /// As quiescent(), and nothing is read until online().
    void offline() { slot_.seen.store(0, std::memory_order_release); }
    void online() {
      // Both sides step the date. Either ours comes first, and the writer finds this store; or
      // the writer's does, and we do not find what it took away.
      slot_.seen.store(first_date, std::memory_order_relaxed);
      of_.date_.fetch_add(1, std::memory_order_acq_rel);
      quiescent();
    }

   private:
    Quiescence& of_;
    Slot& slot_;
  };

  /// The writer has taken something out of the readers' sight: its date.
  std::uint64_t advance() { return date_.fetch_add(1, std::memory_order_acq_rel) + 1; }
  /// What was taken away at this date or before is held by nobody.
  std::uint64_t reached() const;

 private:
  static constexpr std::uint64_t first_date = 1;

  /// Asserts that there are no more than `max_readers`.
  Slot& claim();

  std::atomic<std::uint64_t> date_{first_date};
  std::atomic<std::size_t> used_{0};  ///< slots from here on were never taken
  std::array<Slot, max_readers> slots_{};
};

}  // namespace smolstack
