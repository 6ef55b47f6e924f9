#pragma once
// What a TAP or TUN and we agree to leave to one another: IFF_VNET_HDR and TUNSETOFFLOAD.

#include "smolstack/wire/offload.hpp"

namespace smolstack::io {

/// What is in force on one descriptor.
struct TapOffload {
  bool has_header = false;  ///< a wire::VirtioNetHeader lies before each frame, both ways
  OffloadCapabilities capabilities{};
};

/// Whether offloads are used where nobody says so: yes, unless the environment has
/// SMOLSTACK_OFFLOAD=off.
bool offload_by_default();

/// Can the driver put the header before frames? Asked before TUNSETIFF.
bool offers_virtio_header(int descriptor);

/// Agrees on as much as this kernel can; `has_header`: the device was tied with IFF_VNET_HDR. What
/// somebody else has set on a persistent device is set anew, also where nothing is wanted.
TapOffload agree_on_offload(int descriptor, bool has_header, bool is_wanted);

}  // namespace smolstack::io
