#pragma once
// What a running lab's supervisor is asked, and the end of a lab.

#include <filesystem>
#include <string>

#include "smolstack/control/command.hpp"
#include "smolstack/io/descriptor.hpp"
#include "smolstack/lab/lab_directory.hpp"
#include "smolstack/lab/namespaces.hpp"

namespace smolstack::lab {

/// What a lab was brought up from.
struct RunningLab {
  std::filesystem::path file;
  std::string stage;  ///< empty: none
};

/// Asks the supervisor. The outcome of a failure says what to do about it.
Expected<RunningLab, control::Outcome> info_of(const LabPaths& paths);

/// Asks the supervisor to end, and waits until nothing of the lab is left.
control::Outcome take_down(const LabPaths& paths);

/// Sees to it that a lab does not outlive our process, however that ends: a process outside our
/// terminal's group takes the lab down when we have gone. To be set before the lab is brought up;
/// the process must have one thread.
class LabGuard {
 public:
  static Expected<LabGuard, Error> set(const LabPaths& paths);

  LabGuard(LabGuard&&) = default;
  LabGuard& operator=(LabGuard&&) = default;
  /// Waits until the lab has gone.
  ~LabGuard();
  /// The lab is not ours after all.
  void release();

 private:
  LabGuard(io::Descriptor alive, Child guard)
      : alive_(std::move(alive)), guard_(std::move(guard)) {}

  io::Descriptor alive_;  ///< closed when we end
  Child guard_;
};

}  // namespace smolstack::lab
