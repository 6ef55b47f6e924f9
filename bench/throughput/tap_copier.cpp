// The yardstick: whatever comes from one TAP is written to the other, and nothing else is done. No
// program that forwards between two TAPs by read(2) and write(2) can be faster. With `--uring` many
// of them are one system call.
//
// It is no router: no TTL goes down and no link address changes. Whoever sends must know the link
// address of the far end.

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <poll.h>
#include <stdexcept>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "smolstack/io/uring.hpp"
#include "tap.hpp"

namespace smolstack::throughput {
namespace {

/// Frames from one TAP before the other has its turn.
constexpr std::size_t budget = io::Uring::capacity;

bool is_temporary(int error) {
  // EIO: the kernel's end is down; EINVAL: what a device without an address makes of a frame.
  return error == EAGAIN || error == ENOBUFS || error == EINTR || error == EIO || error == EINVAL;
}

struct Ways {
  bool offload = false;  ///< TCP super-frames with partial checksums, whole
  bool spin = false;     ///< never sleep
  bool uring = false;    ///< many reads or writes in one system call
};

class Copier {
 public:
  Copier(const std::vector<std::string>& taps, const Ways& ways)
      : longest_(ways.offload ? longest_super_frame : longest_frame),
        patience_(ways.spin ? 0 : -1),
        buffers_(longest_ * (ways.uring ? budget : 1)),
        uring_(ways.uring ? io::Uring::make() : nullptr) {
    if (ways.uring && !uring_) throw std::runtime_error("this kernel has no io_uring for us");
    for (std::size_t i = 0; i < lines_.size(); ++i)
      lines_[i].tap = open_tap(taps.at(i), ways.offload);
  }

  void run() {
    std::array<pollfd, 2> ready{pollfd{lines_[0].tap.number(), POLLIN, 0},
                                pollfd{lines_[1].tap.number(), POLLIN, 0}};
    for (;;) {
      if (::poll(ready.data(), ready.size(), patience_) < 0 && errno != EINTR)
        fail("waiting for frames");
      if (ready[0].revents != 0) copy(lines_[0], lines_[1]);
      if (ready[1].revents != 0) copy(lines_[1], lines_[0]);
    }
  }

 private:
  struct Line {
    io::Descriptor tap;
    std::size_t expected = 1;  ///< frames that are asked for at once
  };

  char* buffer(std::size_t number) { return buffers_.data() + number * longest_; }

  void copy(Line& from, const Line& to) {
    if (uring_) return copy_together(from, to);
    for (std::size_t i = 0; i < budget; ++i) {
      const ssize_t size = ::read(from.tap.number(), buffer(0), longest_);
      if (size < 0 && is_temporary(errno)) return;
      if (size < 0) fail("reading a frame");
      if (::write(to.tap.number(), buffer(0), static_cast<std::size_t>(size)) < 0 &&
          !is_temporary(errno))
        fail("writing a frame");
    }
  }

  /// Where as many came as were asked for, twice as many are asked for the next time.
  void copy_together(Line& from, const Line& to) {
    for (std::size_t i = 0; i < from.expected; ++i)
      uring_->read(from.tap.number(), buffer(i), longest_);
    const auto read = uring_->run();
    std::size_t came = 0;
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (read[i] <= 0) continue;
      uring_->write(to.tap.number(), buffer(i), static_cast<std::size_t>(read[i]));
      ++came;
    }
    from.expected = std::clamp<std::size_t>(came < from.expected ? came : 2 * came, 1, budget);
    uring_->run();
    if (!uring_->works()) throw std::runtime_error("this kernel has no io_uring for TAPs");
  }

  std::size_t longest_;
  int patience_;  ///< milliseconds, as poll(2) takes them
  std::vector<char> buffers_;
  std::unique_ptr<io::Uring> uring_;
  std::array<Line, 2> lines_;
};

int run(int argc, char** argv) {
  CLI::App app("Copies frames between two TAPs until it is killed");
  std::vector<std::string> taps;
  Ways ways;
  app.add_option("--tap", taps, "the two TAPs")->required()->expected(2);
  app.add_flag("--offload", ways.offload, "TCP super-frames with partial checksums, whole");
  app.add_flag("--spin", ways.spin, "never sleep");
  app.add_flag("--uring", ways.uring, "many reads or writes in one system call");
  CLI11_PARSE(app, argc, argv);
  Copier(taps, ways).run();
  return 0;
}

}  // namespace
}  // namespace smolstack::throughput

int main(int argc, char** argv) {
  return smolstack::throughput::run_program("tap_copier", smolstack::throughput::run, argc, argv);
}
