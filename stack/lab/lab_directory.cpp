#include "smolstack/lab/lab_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smolstack/control/run_directory.hpp"

namespace smolstack::lab {
namespace {

namespace fs = std::filesystem;
using io::Descriptor;

constexpr int lock_poll_ms = 5;
/// Those who only look whether a lab runs hold its lock for a moment.
constexpr int looks_ms = 50;

Descriptor open_lock(const LabPaths& paths, int flags) {
  return Descriptor(::open(paths.lock().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
}

bool is_file_of_a_lab(const fs::path& path) {
  return path.filename() == "lock" || path.extension() == ".sock" || path.extension() == ".log";
}

void remove_directory(const LabPaths& paths) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(paths.directory(), ignored))
    if (is_file_of_a_lab(entry.path())) fs::remove(entry.path(), ignored);
  fs::remove(paths.directory(), ignored);
}

bool lock_soon(const Descriptor& lock) {
  for (int waited = 0; ::flock(lock.number(), LOCK_EX | LOCK_NB) != 0; waited += lock_poll_ms) {
    if (waited >= looks_ms) return false;
    (void)::poll(nullptr, 0, lock_poll_ms);
  }
  return true;
}

/// Is the file that we have locked still the one at the path? Its owner removes it when it goes.
bool is_current(const Descriptor& lock, const LabPaths& paths) {
  struct stat held {};
  struct stat found {};
  return ::fstat(lock.number(), &held) == 0 && ::stat(paths.lock().c_str(), &found) == 0 &&
         held.st_ino == found.st_ino && held.st_dev == found.st_dev;
}

/// False if somebody else took it meanwhile.
bool remove_dead(const LabPaths& paths) {
  auto dead = LabClaim::take(paths);
  if (dead) dead->remove();
  return dead.has_value();
}

}  // namespace

LabPaths LabPaths::of(std::string_view lab) {
  return LabPaths(control::run_directory() / lab);
}

fs::path LabPaths::socket_of(std::string_view machine) const {
  return directory_ / (std::string(machine) + ".sock");
}

fs::path LabPaths::log_of(std::string_view machine) const {
  return directory_ / (std::string(machine) + ".log");
}

Expected<LabClaim, Error> LabClaim::take(const LabPaths& paths) {
  for (;;) {
    for (const auto& directory : {paths.directory().parent_path(), paths.directory()})
      if (auto made = control::make_run_directory(directory); !made)
        return unexpected(made.error());
    Descriptor lock = open_lock(paths, O_CREAT);
    if (!lock && errno == ENOENT) continue;  // the lab before removed its directory just now
    if (!lock) return failed(errno, "opening " + paths.lock().native());
    if (!lock_soon(lock)) return failed(std::errc::device_or_resource_busy, "lab " + paths.name());
    // What a killed lab left behind goes; its lock file stays, as it is ours now.
    if (!is_current(lock, paths)) continue;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(paths.directory(), ignored))
      if (is_file_of_a_lab(entry.path()) && entry.path() != paths.lock())
        fs::remove(entry.path(), ignored);
    return LabClaim(paths, std::move(lock));
  }
}

void LabClaim::remove() {
  if (is_current(lock_, paths_)) remove_directory(paths_);
}

bool is_running(const LabPaths& paths) {
  const Descriptor lock = open_lock(paths, 0);
  return lock && ::flock(lock.number(), LOCK_SH | LOCK_NB) != 0;
}

bool wait_until_gone(const LabPaths& paths, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (is_running(paths)) {
    if (Clock::now() >= end) return false;
    (void)::poll(nullptr, 0, lock_poll_ms);
  }
  return true;
}

std::vector<LabPaths> running_labs() {
  std::vector<LabPaths> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(control::run_directory(), error)) {
    const LabPaths paths(entry.path());
    if (!entry.is_directory(error) || !fs::exists(paths.lock(), error)) continue;
    if (is_running(paths) || !remove_dead(paths)) found.push_back(paths);
  }
  std::ranges::sort(found, {}, [](const LabPaths& paths) { return paths.name(); });
  return found;
}

}  // namespace smolstack::lab
