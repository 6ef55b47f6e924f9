#include "smolstack/io/tap_offload.hpp"

#include <cstdlib>
#include <linux/if_tun.h>
#include <string_view>
#include <sys/ioctl.h>

#include "smolstack/wire/virtio_net.hpp"

namespace smolstack::io {
namespace {

// Since Linux 6.2; older headers lack them. That kernel takes both or neither: super-frames of
// IPv6, which we have no use for, come along and are dropped.
constexpr unsigned tun_f_uso4 = 0x20;
constexpr unsigned tun_f_uso6 = 0x40;

struct Offer {
  unsigned flags;
  OffloadCapabilities capabilities;
};

constexpr unsigned tso4 = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN;
/// The best first.
constexpr Offer offers[] = {
    {tso4 | tun_f_uso4 | tun_f_uso6, all_offloads},
    {tso4 | tun_f_uso4, all_offloads},
    {tso4, {.checksum = true, .tso4 = true}},
    {TUN_F_CSUM, {.checksum = true}},
    {0, {}},
};

bool set(int descriptor, unsigned flags) {
  return ::ioctl(descriptor, TUNSETOFFLOAD, static_cast<unsigned long>(flags)) == 0;
}

/// Ten bytes in this machine's byte order, whatever the last owner of the device had.
bool set_header(int descriptor) {
  int size = sizeof(wire::VirtioNetHeader);
  int little_endian = 0;
  (void)::ioctl(descriptor, TUNSETVNETLE, &little_endian);
  return ::ioctl(descriptor, TUNSETVNETHDRSZ, &size) == 0;
}

}  // namespace

bool offload_by_default() {
  const char* const said = std::getenv("SMOLSTACK_OFFLOAD");
  return said == nullptr || std::string_view(said) != "off";
}

bool offers_virtio_header(int descriptor) {
  unsigned features = 0;
  return ::ioctl(descriptor, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR) != 0;
}

TapOffload agree_on_offload(int descriptor, bool has_header, bool is_wanted) {
  if (!has_header || !set_header(descriptor) || !is_wanted) {
    set(descriptor, 0);
    return {has_header, {}};
  }
  for (const Offer& offer : offers)
    if (set(descriptor, offer.flags)) return {has_header, offer.capabilities};
  return {has_header, {}};
}

}  // namespace smolstack::io
