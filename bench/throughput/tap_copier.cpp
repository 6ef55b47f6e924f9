// The yardstick: whatever comes from one TAP is written to the other, and nothing else is done. No
// program that forwards between two TAPs by read(2) and write(2) can be faster.
//
// It is no router: no TTL goes down and no link address changes. Whoever sends must know the link
// address of the far end.

#include <array>
#include <cerrno>
#include <poll.h>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tap.hpp"

namespace smolstack::throughput {
namespace {

/// Frames from one TAP before the other has its turn.
constexpr int budget = 64;

bool is_temporary(int error) {
  // EIO: the kernel's end is down; EINVAL: what a device without an address makes of a frame.
  return error == EAGAIN || error == ENOBUFS || error == EINTR || error == EIO || error == EINVAL;
}

class Copier {
 public:
  Copier(const std::vector<std::string>& taps, bool offload)
      : buffer_(offload ? longest_super_frame : longest_frame) {
    for (std::size_t i = 0; i < taps_.size(); ++i) taps_[i] = open_tap(taps.at(i), offload);
  }

  void run() {
    std::array<pollfd, 2> ready{pollfd{taps_[0].number(), POLLIN, 0},
                                pollfd{taps_[1].number(), POLLIN, 0}};
    for (;;) {
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) fail("waiting for frames");
      if (ready[0].revents != 0) copy(taps_[0].number(), taps_[1].number());
      if (ready[1].revents != 0) copy(taps_[1].number(), taps_[0].number());
    }
  }

 private:
  void copy(int from, int to) {
    for (int i = 0; i < budget; ++i) {
      const ssize_t size = ::read(from, buffer_.data(), buffer_.size());
      if (size < 0 && is_temporary(errno)) return;
      if (size < 0) fail("reading a frame");
      if (::write(to, buffer_.data(), static_cast<std::size_t>(size)) < 0 && !is_temporary(errno))
        fail("writing a frame");
    }
  }

  std::array<io::Descriptor, 2> taps_;
  std::vector<char> buffer_;
};

int run(int argc, char** argv) {
  CLI::App app("Copies frames between two TAPs until it is killed");
  std::vector<std::string> taps;
  bool offload = false;
  app.add_option("--tap", taps, "the two TAPs")->required()->expected(2);
  app.add_flag("--offload", offload, "TCP super-frames with partial checksums, whole");
  CLI11_PARSE(app, argc, argv);
  Copier(taps, offload).run();
  return 0;
}

}  // namespace
}  // namespace smolstack::throughput

int main(int argc, char** argv) {
  return smolstack::throughput::run_program("tap_copier", smolstack::throughput::run, argc, argv);
}
