#include "smolstack/lab/machine_files.hpp"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace smolstack::lab {
namespace {

namespace fs = std::filesystem;
using Result = Expected<void, Error>;

Result mount_at(const char* type, const std::string& target, const std::string& options = "") {
  if (::mount(type, target.c_str(), type, 0, options.empty() ? nullptr : options.c_str()) != 0)
    return failed(errno, "mounting " + std::string(type) + " at " + target);
  return {};
}

Result write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) return failed(errno, "writing " + path.native());
  return {};
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// `name` of the scratch directory over the host's /NAME. The paths are relative to the scratch
/// directory, which is where we are: what its name has in it does not matter.
Result mount_overlay(const std::string& name) {
  fs::create_directories(name);
  fs::create_directories(name + ".work");
  const std::string target = "/" + name;
  return mount_at("overlay", target,
                  "lowerdir=" + target + ",upperdir=" + name + ",workdir=" + name + ".work");
}

/// Files that belong to a user who does not exist in our namespace cannot be edited through an
/// overlay: those that people edit are made beforehand.
Result write_etc(const topology::Machine& machine) {
  fs::create_directories("etc");
  const std::pair<const char*, std::string> files[] = {
      {"etc/hostname", machine.hostname + "\n"},
      {"etc/hosts", hosts_file(machine)},
      {"etc/nsswitch.conf", nsswitch_file(read_file("/etc/nsswitch.conf"))},
      {"etc/resolv.conf", "# No name server: names are those of /etc/hosts.\n"},
  };
  for (const auto& [path, text] : files)
    if (auto done = write_file(path, text); !done) return done;
  return {};
}

/// The same for directories that services write to.
void make_var() {
  for (const char* const name : {"cache", "lib", "log", "spool", "tmp"})
    if (fs::is_directory(fs::path("/var") / name)) fs::create_directories(fs::path("var") / name);
  std::error_code ignored;
  fs::permissions("var/tmp", static_cast<fs::perms>(01777), ignored);
}

Result mount_run() {
  if (auto done = mount_at("tmpfs", "/run", "mode=755"); !done) return done;
  std::error_code ignored;
  fs::create_directories("/run/lock", ignored);
  fs::permissions("/run/lock", static_cast<fs::perms>(01777), ignored);
  return {};
}

/// What a Dockerfile's COPY asks for, where the machine may write there.
void copy_files(const topology::Machine& machine) {
  for (const auto& [from, to] : machine.copies) {
    std::error_code error;
    if (fs::path(to).has_parent_path()) fs::create_directories(fs::path(to).parent_path(), error);
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
    if (error)
      (void)::dprintf(STDERR_FILENO, "warning: copying %s to %s: %s; it stays where it is\n",
                      from.c_str(), to.c_str(), error.message().c_str());
  }
}

Result mount_overlays(const topology::Machine& machine) {
  if (auto done = write_etc(machine); !done) return done;
  make_var();
  if (auto done = mount_overlay("etc"); !done) return done;
  return mount_overlay("var");
}

}  // namespace

Result keep_mounts_private() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return failed(errno, "making the mounts private");
  return {};
}

Result mount_proc_and_sys() {
  if (auto done = mount_at("proc", "/proc"); !done) return done;
  return mount_at("sysfs", "/sys");
}

Result mount_machine(const topology::Machine& machine, const fs::path& scratch) {
  if (auto done = mount_at("tmpfs", scratch, "mode=755"); !done) return done;
  fs::current_path(scratch);
  Result overlays = mount_overlays(machine);
  fs::current_path("/");
  if (!overlays) return overlays;
  // The overlays hold what they need of it; the directory beneath is seen again.
  if (::umount2(scratch.c_str(), MNT_DETACH) != 0)
    return failed(errno, "unmounting " + scratch.native());
  if (auto done = mount_run(); !done) return done;
  if (auto done = mount_proc_and_sys(); !done) return done;
  copy_files(machine);
  return {};
}

std::string hosts_file(const topology::Machine& machine) {
  std::string text = "127.0.0.1\tlocalhost\n";
  for (const auto& interface : machine.interfaces)
    if (interface.address)
      text += to_string(interface.address->address) + "\t" + machine.hostname + "\n";
  for (const auto& entry : machine.extra_hosts) text += entry.address + "\t" + entry.name + "\n";
  return text;
}

std::string nsswitch_file(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("hosts:")) result += line + "\n";
  return result + "hosts:          files dns\n";
}

}  // namespace smolstack::lab
