#include "smolstack/io/tap_holder.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace smolstack::io {
namespace {

namespace fs = std::filesystem;

std::optional<int> process_id(const fs::path& directory) {
  const std::string name = directory.filename();
  int pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

/// Calls `visit` with each entry; one that vanishes meanwhile ends the walk in silence.
template <class Visit>
bool any_entry(const fs::path& directory, Visit&& visit) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (visit(entry->path())) return true;
  return false;
}

/// Does this open file belong to the device? Its fdinfo then has the line "iff:\tNAME".
bool is_end_of(const fs::path& process, const fs::path& open_file, std::string_view device) {
  std::error_code error;
  if (fs::read_symlink(open_file, error) != "/dev/net/tun") return false;
  std::ifstream info(process / "fdinfo" / open_file.filename());
  for (std::string key, value; info >> key >> value;)
    if (key == "iff:" && value == device) return true;
  return false;
}

bool holds(const fs::path& process, std::string_view device) {
  return any_entry(process / "fd", [&](const fs::path& open_file) {
    return is_end_of(process, open_file, device);
  });
}

bool in_our_namespace(const fs::path& process) {
  std::error_code error;
  const fs::path ours = fs::read_symlink("/proc/thread-self/ns/net", error);
  return !error && fs::read_symlink(process / "ns/net", error) == ours;
}

std::string command_of(const fs::path& process) {
  std::string command;
  std::getline(std::ifstream(process / "comm"), command);
  return command;
}

}  // namespace

std::optional<TapHolder> find_tap_holder(std::string_view device) {
  std::optional<TapHolder> found;
  any_entry("/proc", [&](const fs::path& process) {
    const auto pid = process_id(process);
    if (!pid || !holds(process, device)) return false;
    const bool certain = in_our_namespace(process);
    if (certain || !found) found = TapHolder{*pid, command_of(process)};
    return certain;
  });
  return found;
}

}  // namespace smolstack::io
