#pragma once

#include <memory>

#include "smolstack/io/device.hpp"
#include "smolstack/node/node_config.hpp"

namespace smolstack::tools {

/// Opens the device of an interface. The complaint says which permission is missing, and the ways
/// to have it.
Expected<std::unique_ptr<io::Device>, control::Complaint> open_device(
    const control::InterfaceConfig& interface);

}  // namespace smolstack::tools
