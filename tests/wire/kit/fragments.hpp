#pragma once
// Fragments that came, put together as their receiver would.

#include <vector>

#include "lab/support/frame.hpp"

namespace smolstack::test {

/// What came, with the fragments of each datagram joined to one frame in the place of their first.
/// Those that leave a hole or contradict one another stay as they are. The checksum of what is
/// joined must be right, like that of all else.
std::vector<Captured> whole(const std::vector<Captured>& frames);

}  // namespace smolstack::test
