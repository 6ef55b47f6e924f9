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
constexpr std::string_view lab_name = "lab";

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

fs::path socket_in(const fs::path& directory, std::string_view name) {
  return directory / (std::string(name) + std::string(extension));
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool answers(const fs::path& path) {
  return connect_local(path).has_value();
}

/// The directories of labs, running or not.
std::vector<fs::path> lab_directories() {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run_directory(), error))
    if (entry.is_directory(error)) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

/// "LAB/NAME", if that is a lab's machine; otherwise a word with a slash is a path.
std::optional<ControlSocket> socket_of_pair(std::string_view word) {
  const auto slash = word.find('/');
  const auto lab = word.substr(0, slash), name = word.substr(slash + 1);
  if (!is_machine_name(lab) || !is_machine_name(name)) return {};
  const fs::path path = socket_in(run_directory() / lab, name);
  if (!is_there(path)) return {};
  return ControlSocket{path, std::string(lab)};
}

std::vector<ControlSocket> sockets_of_labs(std::string_view name) {
  std::vector<ControlSocket> found;
  for (const fs::path& directory : lab_directories())
    if (const fs::path path = socket_in(directory, name); answers(path))
      found.push_back({path, directory.filename()});
  return found;
}

void add_machines(const fs::path& directory, const std::string& lab,
                  std::vector<RunningMachine>& found) {
  const auto first = static_cast<std::ptrdiff_t>(found.size());
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() != extension) continue;
    if (!lab.empty() && entry.path().stem() == lab_name) continue;
    const auto socket = connect_local(entry.path());
    if (!socket) continue;
    const auto peer = peer_of(socket->number());
    found.push_back({entry.path().stem(), peer ? peer->pid : 0, lab});
  }
  std::ranges::sort(found.begin() + first, found.end(), {}, &RunningMachine::name);
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
  return socket_in(run_directory(), machine);
}

std::vector<ControlSocket> control_sockets(std::string_view machine, std::string_view lab) {
  if (machine.find('/') != std::string_view::npos)
    return {socket_of_pair(machine).value_or(ControlSocket{machine, ""})};
  if (!lab.empty()) return {{socket_in(run_directory() / lab, machine), std::string(lab)}};
  if (const auto chosen = from_environment("SMOLSTACK_LAB"))
    if (const fs::path path = socket_in(run_directory() / *chosen, machine); is_there(path))
      return {{path, chosen->native()}};
  const fs::path own = control_path(machine);
  if (answers(own)) return {{own, ""}};
  auto found = sockets_of_labs(machine);
  if (found.empty()) found.push_back({own, ""});
  return found;
}

std::vector<RunningMachine> running_machines() {
  std::vector<RunningMachine> found;
  add_machines(run_directory(), "", found);
  for (const fs::path& directory : lab_directories())
    add_machines(directory, directory.filename(), found);
  return found;
}

std::vector<std::string> running_labs() {
  std::vector<std::string> found;
  for (const fs::path& directory : lab_directories())
    if (answers(socket_in(directory, lab_name))) found.push_back(directory.filename());
  return found;
}

fs::path lab_path(std::string_view lab) {
  return socket_in(run_directory() / lab, lab_name);
}

}  // namespace smolstack::control
