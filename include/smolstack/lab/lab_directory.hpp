#pragma once
// Where a running lab is found: RUN/LAB/ with the socket of its supervisor, one of each machine,
// their logs, and a lock that is held as long as the lab lives.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/io/descriptor.hpp"

namespace smolstack::lab {

/// The paths in the directory of one lab.
class LabPaths {
 public:
  explicit LabPaths(std::filesystem::path directory) : directory_(std::move(directory)) {}
  /// The lab of that name, whether it runs or not.
  static LabPaths of(std::string_view lab);

  const std::filesystem::path& directory() const { return directory_; }
  std::string name() const { return directory_.filename(); }
  std::filesystem::path socket() const { return directory_ / "lab.sock"; }
  std::filesystem::path log() const { return directory_ / "lab.log"; }
  std::filesystem::path lock() const { return directory_ / "lock"; }
  std::filesystem::path socket_of(std::string_view machine) const;
  std::filesystem::path log_of(std::string_view machine) const;

 private:
  std::filesystem::path directory_;
};

/// The right to run the lab of one name: its directory is there, empty, and locked. The lock is
/// shared with every process that inherits the descriptor; it falls when the last one has gone.
class LabClaim {
 public:
  /// device_or_resource_busy: the lab runs already.
  static Expected<LabClaim, Error> take(const LabPaths& paths);

  const LabPaths& paths() const { return paths_; }
  int lock() const { return lock_.number(); }
  /// Removes the directory, unless somebody did and another lab has it now. Only files of a lab are
  /// touched.
  void remove();

 private:
  LabClaim(LabPaths paths, io::Descriptor lock)
      : paths_(std::move(paths)), lock_(std::move(lock)) {}

  LabPaths paths_;
  io::Descriptor lock_;
};

/// Does anybody hold the lab's lock?
bool is_running(const LabPaths& paths);
/// Waits until nobody holds it; false: `timeout_ms` have passed.
bool wait_until_gone(const LabPaths& paths, int timeout_ms);
/// The labs that run, by name. What killed labs left behind is removed on the way.
std::vector<LabPaths> running_labs();

}  // namespace smolstack::lab
