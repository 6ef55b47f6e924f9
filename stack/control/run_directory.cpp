#include "smolstack/control/run_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "smolstack/control/local_socket.hpp"

namespace smolstack::control {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 64;
constexpr std::string_view extension = ".sock";

std::optional<fs::path> from_environment(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return {};
  return fs::path(value);
}

/// user_namespaces(7): "INSIDE OUTSIDE LENGTH", the uid as the namespace around ours knows it.
uid_t outer_uid() {
  const uid_t own = ::geteuid();
  std::ifstream map("/proc/self/uid_map");
  for (uid_t inside = 0, outside = 0, length = 0; map >> inside >> outside >> length;)
    if (own >= inside && own - inside < length) return outside + (own - inside);
  return own;
}

bool may_write(const char* directory) {
  return ::faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0;
}

bool may_stand_in_name(char c) {
  const auto between = [c](char first, char last) { return c >= first && c <= last; };
  return between('a', 'z') || between('A', 'Z') || between('0', '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

fs::path run_directory() {
  if (const auto chosen = from_environment("SMOLSTACK_RUN_DIR")) return *chosen;
  if (::geteuid() == 0 && may_write("/run")) return "/run/smolstack";
  if (const auto session = from_environment("XDG_RUNTIME_DIR")) return *session / "smolstack";
  return "/tmp/smolstack-" + std::to_string(outer_uid());
}

Expected<void, Error> make_run_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return failed(errno, "making the run directory " + directory.native());
  const Descriptor opened(
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened) return failed(errno, "opening the run directory " + directory.native());
  struct stat status {};
  if (::fstat(opened.number(), &status) != 0)
    return failed(errno, "looking at the run directory " + directory.native());
  if (status.st_uid != ::geteuid())
    return failed(std::errc::permission_denied,
                  "run directory " + directory.native() + " belongs to another user");
  if (::fchmod(opened.number(), S_IRWXU) != 0)
    return failed(errno, "closing the run directory " + directory.native() + " to others");
  return {};
}

bool is_machine_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return false;
  if (name.front() == '.' || name.front() == '-') return false;
  return std::ranges::all_of(name, may_stand_in_name);
}

fs::path control_path(std::string_view machine) {
  if (machine.find('/') != std::string_view::npos) return machine;
  return run_directory() / (std::string(machine) + std::string(extension));
}

std::vector<RunningMachine> running_machines() {
  std::vector<RunningMachine> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run_directory(), error)) {
    if (entry.path().extension() != extension) continue;
    const auto socket = connect_local(entry.path());
    if (!socket) continue;
    const auto peer = peer_of(socket->number());
    found.push_back({entry.path().stem(), peer ? peer->pid : 0});
  }
  std::ranges::sort(found, {}, &RunningMachine::name);
  return found;
}

}  // namespace smolstack::control
