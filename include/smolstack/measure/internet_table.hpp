#pragma once
// Routing tables and destinations as the Internet has them, made by chance from a seed.

#include <cstddef>
#include <vector>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack::measure {

/// `count` different prefixes with the lengths of a full table of today: of 100 about 60 are /24,
/// 33 are /19 to /23, 4 are shorter, and 3 longer, up to /32. All lie in addresses that
/// routers forward, and none in 10.0.0.0/8.
std::vector<Ipv4Prefix> internet_prefixes(std::size_t count, Random& random);
/// One of them.
Ipv4Prefix random_prefix(Random& random);

/// Addresses inside of these prefixes, each of them equally likely.
std::vector<Ipv4Address> destinations_inside(const std::vector<Ipv4Prefix>& prefixes,
                                             std::size_t count, Random& random);
/// Addresses anywhere in the 32 bits.
std::vector<Ipv4Address> destinations_anywhere(std::size_t count, Random& random);
/// As many as the population, a few of which get most: the one of rank r is asked for in proportion
/// to 1/r (Zipf).
std::vector<Ipv4Address> destinations_by_rank(const std::vector<Ipv4Address>& population,
                                              Random& random);

}  // namespace smolstack::measure
