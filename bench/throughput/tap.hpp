#pragma once
// What the programs of this folder share: a TAP by its plain system calls, and how they fail.

#include <string>
#include <string_view>

#include "smolstack/io/descriptor.hpp"

namespace smolstack::throughput {

/// The longest frame of an interface with MTU 1500.
inline constexpr std::size_t longest_frame = 1514;
/// The longest super-frame: virtio header, Ethernet header and the largest datagram.
inline constexpr std::size_t longest_super_frame = 10 + 14 + 65535;

/// The exception's text: "opening tap0: Operation not permitted", from errno.
[[noreturn]] void fail(std::string_view doing);

/// A program's main(): runs it, and says on stderr what ended it by an exception. Returns the exit
/// code.
int run_program(const char* name, int (*run)(int argc, char** argv), int argc, char** argv);

/// Opens or makes the TAP, non-blocking. With `offload` each frame has a virtio_net_hdr before it,
/// and may be a TCP super-frame of up to 64 KiB.
io::Descriptor open_tap(const std::string& name, bool offload);

}  // namespace smolstack::throughput
