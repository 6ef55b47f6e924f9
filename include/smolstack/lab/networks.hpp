#pragma once

#include "smolstack/base/expected.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// Makes every network of the lab in the network namespace where we are: a bridge that is up, with
/// the host's address if it has one.
Expected<void, Error> make_networks(const topology::Lab& lab);

}  // namespace smolstack::lab
