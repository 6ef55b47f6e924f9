#pragma once
// What `smolstack test` has to find out: the tests of a lab's file, and of a course's folder.
//
//   test-data/systems.txt        machines
//   test-data/ip-addresses.txt   each machine pings each of these,
//   test-data/dns-names.txt      and each of these, and expects a reply
//
// One a line; empty lines, and what stands behind a `#`, mean nothing.

#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

namespace plan_limit {
inline constexpr std::size_t file = 1u << 20;  ///< bytes of a file of test-data
inline constexpr std::size_t cases = 100'000;  ///< of a whole lab
inline constexpr std::size_t findings = 20;    ///< said of one file
}  // namespace plan_limit

using Tests = std::vector<topology::Test>;

/// Every test of the lab: its file's, in their order, then its folder's. Lines that cannot be meant
/// are errors, all of them collected.
Expected<Tests, std::vector<topology::Finding>> plan_tests(const topology::Lab& lab);

/// Those that are for that stage (empty: for a lab in none), and those for every stage.
Tests tests_for(const Tests& tests, std::string_view stage);

}  // namespace smolstack::lab
