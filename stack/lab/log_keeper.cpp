#include "smolstack/lab/log_keeper.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <string>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smolstack/io/descriptor.hpp"

namespace smolstack::lab {
namespace {

namespace fs = std::filesystem;
using boost::asio::posix::stream_descriptor;
using io::Descriptor;

constexpr auto between_looks = std::chrono::milliseconds(100);
constexpr std::string_view notice = "smolstack: what was written before has been cut off\n";

std::uintmax_t size_of(const Descriptor& file) {
  struct stat status {};
  const bool is_file = ::fstat(file.number(), &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? static_cast<std::uintmax_t>(status.st_size) : 0;
}

std::string read_from(const Descriptor& file, std::uintmax_t from, std::uintmax_t bytes) {
  std::string text(bytes, '\0');
  const auto size = ::pread(file.number(), text.data(), text.size(), static_cast<off_t>(from));
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

/// Where there is no inotify to be had, logs are not cut.
int watch(const fs::path& directory) {
  Descriptor changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes || ::inotify_add_watch(changes.number(), directory.c_str(), IN_MODIFY) < 0)
    return -1;
  return changes.release();
}

}  // namespace

bool cut_log(const fs::path& log, const LogBounds& bounds) {
  const Descriptor file(::open(log.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const std::uintmax_t size = file ? size_of(file) : 0;
  if (size <= bounds.most) return false;
  std::string text = read_from(file, size - bounds.kept, bounds.kept);
  text.replace(0, text.find('\n') + 1, notice);  // one long line without end is kept whole
  // Those who append go on behind the new end: their descriptors have O_APPEND.
  const bool written = ::pwrite(file.number(), text.data(), text.size(), 0) > 0;
  return written && ::ftruncate(file.number(), static_cast<off_t>(text.size())) == 0;
}

LogKeeper::LogKeeper(boost::asio::io_context& context, fs::path directory, const LogBounds& bounds)
    : growth_(context), pause_(context), directory_(std::move(directory)), bounds_(bounds) {
  if (const int changes = watch(directory_); changes >= 0) {
    growth_.assign(changes);
    wait_for_growth();
  }
}

void LogKeeper::wait_for_growth() {
  growth_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) look_soon();
  });
}

/// What is written until then does not wake us.
void LogKeeper::look_soon() {
  pause_.expires_after(between_looks);
  pause_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    cut_all();
    wait_for_growth();
  });
}

void LogKeeper::cut_all() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored))
    if (entry.path().extension() == ".log") (void)cut_log(entry.path(), bounds_);
  // Our own cutting is a change too: it is read away with the others.
  std::array<char, 4096> events;
  while (::read(growth_.native_handle(), events.data(), events.size()) > 0) {
  }
}

}  // namespace smolstack::lab
