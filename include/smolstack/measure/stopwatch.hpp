#pragma once
// How long something takes, in CPU time of this thread: other programs disturb it less than the
// time of day.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <vector>

namespace smolstack::measure {

/// Nanoseconds for one operation, over several runs.
struct Timing {
  double min = 0;
  double median = 0;
  double max = 0;
};

struct Effort {
  std::chrono::nanoseconds run = std::chrono::milliseconds(50);  ///< at least, for each run
  std::size_t runs = 7;
};

/// What this thread has used of a processor so far.
inline std::chrono::nanoseconds cpu_time() {
  std::timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

/// The compiler must believe that `value` is used.
template <class Value>
void keep(const Value& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

template <class Work>
std::chrono::nanoseconds time_calls(Work& work, std::size_t calls) {
  const auto began = cpu_time();
  for (std::size_t i = 0; i < calls; ++i) work();
  return cpu_time() - began;
}

/// So many calls that they fill a run; the tries warm up the caches, too.
template <class Work>
std::size_t calls_for(Work& work, const Effort& effort) {
  std::size_t calls = 1;
  while (time_calls(work, calls) < effort.run) calls *= 2;
  return calls;
}

/// Times `work`, which does `operations` each time it is called.
template <class Work>
Timing time_of(Work&& work, std::size_t operations, const Effort& effort) {
  const std::size_t calls = calls_for(work, effort);
  std::vector<double> found;
  for (std::size_t i = 0; i < effort.runs; ++i) {
    const auto nanoseconds = static_cast<double>(time_calls(work, calls).count());
    found.push_back(nanoseconds / static_cast<double>(calls * operations));
  }
  std::ranges::sort(found);
  return {found.front(), found[found.size() / 2], found.back()};
}

}  // namespace smolstack::measure
