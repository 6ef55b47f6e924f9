#pragma once
// What tests say about frames that came out.

#include <vector>

#include <gmock/gmock.h>

#include "lab/support/frame.hpp"

namespace smolstack::test {

/// Exactly one frame came out, and it is this one.
MATCHER_P(OnePacket, expected, "is one frame: " + to_string(expected)) {
  if (arg.size() != 1) {
    *result_listener << "there are " << arg.size();
    return false;
  }
  const auto why = difference(decode(arg.front().bytes), expected);
  if (why) *result_listener << *why;
  return !why;
}

/// The frame, wherever its layers begin; says which field is another.
MATCHER_P(IsFrame, expected, "is " + to_string(expected)) {
  const auto why = difference(decode(arg.bytes), expected);
  if (why) *result_listener << *why;
  return !why;
}

/// How many frames are like this one.
template <class Range>
std::size_t count_of(const Range& frames, const Frame& expected) {
  std::size_t count = 0;
  for (const Captured& each : frames) count += each == expected ? 1u : 0u;
  return count;
}

/// The bytes behind the first layer of `Kind`, as they came.
Octets data_of(const Captured& captured);

}  // namespace smolstack::test
