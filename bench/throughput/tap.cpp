#include "tap.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <system_error>

namespace smolstack::throughput {

void fail(std::string_view doing) {
  throw std::system_error(errno, std::generic_category(), std::string(doing));
}

io::Descriptor open_tap(const std::string& name, bool offload) {
  io::Descriptor tap(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tap) fail("opening /dev/net/tun");
  ifreq request{};
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0));
  std::copy_n(name.begin(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1), request.ifr_name);
  if (::ioctl(tap.number(), TUNSETIFF, &request) < 0) fail("making the TAP " + name);
  const unsigned features = offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN : 0;
  if (::ioctl(tap.number(), TUNSETOFFLOAD, features) < 0) fail("setting the offloads of " + name);
  return tap;
}

int run_program(const char* name, int (*run)(int argc, char** argv), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace smolstack::throughput
