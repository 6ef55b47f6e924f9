#pragma once
// Keeps the logs of a running lab from growing without bound. Nobody is woken while nothing is
// written.

#include <cstdint>
#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace smolstack::lab {

/// A log that is longer than `most` is cut to its last `kept` bytes, from the first whole line on.
struct LogBounds {
  std::uintmax_t most = 8u << 20;
  std::uintmax_t kept = 2u << 20;  ///< at most half of `most`
};

/// Cuts one log, if it is too long; its beginning says so then. Those who append to it go on; a
/// line that is written in this very moment may be lost. False: it was short enough, or is no log
/// of ours.
bool cut_log(const std::filesystem::path& log, const LogBounds& bounds = {});

/// Looks at the logs (*.log) of a directory while they grow, at most ten times a second.
class LogKeeper {
 public:
  LogKeeper(boost::asio::io_context& context, std::filesystem::path directory,
            const LogBounds& bounds = {});

 private:
  void wait_for_growth();
  void look_soon();
  void cut_all();

  boost::asio::posix::stream_descriptor growth_;
  boost::asio::steady_timer pause_;
  std::filesystem::path directory_;
  LogBounds bounds_;
};

}  // namespace smolstack::lab
