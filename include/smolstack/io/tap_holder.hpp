#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smolstack::io {

/// A process that has a TAP or TUN device open.
struct TapHolder {
  int pid;
  std::string command;
};

/// Who holds the device of that name, as far as /proc shows it to us; one in our own network
/// namespace goes before others.
std::optional<TapHolder> find_tap_holder(std::string_view device);

}  // namespace smolstack::io
