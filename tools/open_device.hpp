#pragma once

#include <memory>
#include <optional>

#include "smolstack/io/workers.hpp"
#include "smolstack/node/node_config.hpp"

namespace smolstack::tools {

/// Opens the device of an interface. The complaint says which permission is missing, and the ways
/// to have it.
Expected<std::unique_ptr<io::Device>, control::Complaint> open_device(
    const control::InterfaceConfig& interface, std::optional<bool> offload);
/// The same with a queue for each worker; `index` is the interface's in the stack.
Expected<std::unique_ptr<io::Device>, control::Complaint> open_device(
    const control::InterfaceConfig& interface, std::optional<bool> offload, IfIndex index,
    io::Workers& workers);

}  // namespace smolstack::tools
