// lwIP as a router between two TAPs. The loop is the copier's: readiness, then drain.

#include <array>
#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "../rivals/lwip.hpp"
#include "tap.hpp"

namespace smolstack::throughput {
namespace {

/// Frames from one TAP before the other has its turn.
constexpr int budget = 64;

/// Writes a frame; what the device refuses is lost, as on any wire.
err_t transmit(netif* by, pbuf* frame) {
  const int tap = *static_cast<const int*>(by->state);
  const bool done = frame->next == nullptr && ::write(tap, frame->payload, frame->len) >= 0;
  return done ? ERR_OK : ERR_IF;
}

class Port {
 public:
  Port(const std::string& tap, const std::string& address)
      : tap_(open_tap(tap, false)), descriptor_(tap_.number()) {
    const auto subnet = parse_ipv4_subnet(address);
    if (!subnet) throw std::runtime_error("`" + address + "` is no address with its length");
    lwip::add_interface(netif_, *subnet, transmit, &descriptor_);
  }

  int descriptor() const { return descriptor_; }

  void drain() {
    for (int i = 0; i < budget; ++i) {
      lwip::Buffer* const buffer = lwip::take_buffer();
      if (buffer == nullptr) return;
      const ssize_t size = ::read(descriptor_, buffer->bytes.data(), buffer->bytes.size());
      if (size < 0) lwip::give_back(buffer);
      if (size < 0 && errno != EAGAIN && errno != EINTR && errno != EIO) fail("reading a frame");
      if (size < 0) return;
      lwip::receive(netif_, buffer, static_cast<std::size_t>(size));
    }
  }

 private:
  io::Descriptor tap_;
  int descriptor_;
  netif netif_{};
};

void serve(Port& first, Port& second) {
  std::array<pollfd, 2> ready{pollfd{first.descriptor(), POLLIN, 0},
                              pollfd{second.descriptor(), POLLIN, 0}};
  for (;;) {
    if (::poll(ready.data(), ready.size(), lwip::milliseconds_to_timer()) < 0 && errno != EINTR)
      fail("waiting for frames");
    if (ready[0].revents != 0) first.drain();
    if (ready[1].revents != 0) second.drain();
    lwip::advance();
  }
}

int run(int argc, char** argv) {
  CLI::App app("lwIP as a router between two TAPs, until it is killed");
  std::vector<std::string> taps;
  std::vector<std::string> addresses;
  app.add_option("--tap", taps, "the two TAPs")->required()->expected(2);
  app.add_option("--ip", addresses, "an address with its length for each")->required()->expected(2);
  CLI11_PARSE(app, argc, argv);
  lwip::start();
  Port first(taps[0], addresses[0]);
  Port second(taps[1], addresses[1]);
  serve(first, second);
  return 0;
}

}  // namespace
}  // namespace smolstack::throughput

int main(int argc, char** argv) {
  return smolstack::throughput::run_program("lwip_router", smolstack::throughput::run, argc, argv);
}
