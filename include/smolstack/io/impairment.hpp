#pragma once
// A bad wire: delay, jitter, loss, duplication, reordering, corruption, rate and queue of one
// interface, each direction apart, without the kernel's netem. Seeded: the same frames at the same
// times suffer the same.

#include <cstdint>
#include <string>
#include <string_view>

#include "smolstack/base/expected.hpp"
#include "smolstack/base/time.hpp"

namespace smolstack::io {

/// What a wire does to the frames of one direction. Probabilities are 0..1.
struct ImpairmentOptions {
  Duration delay{};
  Duration jitter{};  ///< uniform in delay-jitter..delay+jitter; frames keep their order
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;          ///< the share of frames that skip the delay and overtake
  double corrupt = 0;          ///< the share of frames that have one bit flipped
  std::uint64_t rate = 0;      ///< bits a second, link headers counted; 0: no limit
  std::uint32_t limit = 1000;  ///< frames that may wait
  std::uint64_t seed = 0;

  bool is_off() const {
    return delay == Duration() && jitter == Duration() && loss == 0 && duplicate == 0 &&
           reorder == 0 && corrupt == 0 && rate == 0;
  }
  friend bool operator==(const ImpairmentOptions&, const ImpairmentOptions&) = default;
};

}  // namespace smolstack::io
