#include "smolstack/lab/host_probes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <pwd.h>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smolstack/control/run_directory.hpp"
#include "smolstack/io/rtnetlink.hpp"
#include "smolstack/io/tap.hpp"
#include "smolstack/io/uring.hpp"
#include "smolstack/lab/machine_files.hpp"
#include "smolstack/lab/namespaces.hpp"
#include "smolstack/lab/one_user.hpp"
#include "smolstack/lab/surroundings.hpp"
#include "smolstack/mirror/nft_batch.hpp"

namespace smolstack::lab {
namespace {

namespace fs = std::filesystem;
using io::Descriptor;

/// Returns 0, or the errno that was in the way.
using Deed = std::function<int()>;

constexpr int labs_namespaces =
    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;
constexpr const char* device = "smol-probe";

int errno_of(const Error& error) {
  return error.code.category() == std::generic_category() ? error.code.value() : EPERM;
}

template <class T>
int errno_of(const Expected<T, Error>& result) {
  return result ? 0 : errno_of(result.error());
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

/// Does it in a child in namespaces of its own, as root of there.
int attempt(int flags, const Deed& deed) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  const Descriptor mapped(ends[0]);
  Descriptor say_mapped(ends[1]);
  auto child = fork_into(flags, [&] {
    say_mapped.close();
    char yes = 0;
    return ::read(mapped.number(), &yes, 1) == 1 ? deed() : EPERM;
  });
  if (!child) return errno_of(child.error());
  const auto done = (flags & CLONE_NEWUSER) != 0 ? map_users(child->pid) : Expected<void, Error>();
  if (done) (void)!::write(say_mapped.number(), "+", 1);
  say_mapped.close();
  const int met = wait_for(child->pid);
  return done ? met : errno_of(done.error());
}

int nothing() {
  return 0;
}

int open_tun_file() {
  const Descriptor file(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  return file ? 0 : errno;
}

int make_tap() {
  return errno_of(io::TapDevice::open({.name = device}));
}

int read_tap_together() {
  const auto tap = io::TapDevice::open({.name = device});
  if (!tap) return errno_of(tap.error());
  const auto uring = io::Uring::make();
  if (!uring) return EPERM;
  std::array<std::byte, 2048> frame{};
  uring->read((*tap)->descriptor(), frame.data(), frame.size());
  uring->run();
  return uring->works() ? 0 : EOPNOTSUPP;
}

int make_bridge() {
  auto kernel = io::Rtnetlink::open();
  return kernel ? errno_of(kernel->add_bridge(device)) : errno_of(kernel.error());
}

int make_veth() {
  auto kernel = io::Rtnetlink::open();
  if (!kernel) return errno_of(kernel.error());
  const Descriptor here(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  return here ? errno_of(kernel->add_veth(device, "smol-peer", here.number())) : errno;
}

int make_nftables() {
  mirror::NftBatch batch;
  batch.renew_table(NFPROTO_INET, device);
  batch.add_chain(NFPROTO_INET, device, "out", {.number = NF_INET_LOCAL_OUT});
  batch.add_rule(NFPROTO_INET, device, "out", mirror::NftRule().meta(NFT_META_OIF).accept());
  batch.renew_table(NFPROTO_NETDEV, device);
  batch.add_chain(NFPROTO_NETDEV, device, "in", {.number = NF_NETDEV_INGRESS, .device = "lo"});
  return errno_of(batch.commit("making nftables"));
}

int mount_overlay() {
  if (const auto kept = keep_mounts_private(); !kept) return errno_of(kept.error());
  if (::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) != 0) return errno;
  for (const char* const part : {"/tmp/upper", "/tmp/work", "/tmp/merged"})
    if (::mkdir(part, 0755) != 0) return errno;
  const char* const parts = "lowerdir=/etc,upperdir=/tmp/upper,workdir=/tmp/work";
  return ::mount("overlay", "/tmp/merged", "overlay", 0, parts) == 0 ? 0 : errno;
}

int mount_proc() {
  if (const auto kept = keep_mounts_private(); !kept) return errno_of(kept.error());
  return ::mount("proc", "/proc", "proc", 0, nullptr) == 0 ? 0 : errno;
}

int install_filter() {
  return errno_of(pretend_to_change_users());
}

/// As `up` does it: root takes a user namespace only where it must.
void probe_namespaces(Host& host) {
  host.met[Feature::user_namespaces] = attempt(CLONE_NEWUSER, nothing);
  int met = host.is_root ? attempt(labs_namespaces, nothing) : EPERM;
  if (met == EPERM) {
    host.uses_user_namespace = true;
    met = attempt(labs_namespaces | CLONE_NEWUSER, nothing);
  }
  host.met[Feature::namespaces] = met;
}

void probe_inside(Host& host) {
  const int flags = labs_namespaces | (host.uses_user_namespace ? CLONE_NEWUSER : 0);
  host.met[Feature::tun_file] = open_tun_file();
  if (host.met[Feature::namespaces] != 0) return;
  if (host.met[Feature::tun_file] == 0) host.met[Feature::tap] = attempt(flags, make_tap);
  if (host.met.contains(Feature::tap) && host.met[Feature::tap] == 0)
    host.met[Feature::uring] = attempt(flags, read_tap_together);
  host.met[Feature::bridge] = attempt(flags, make_bridge);
  host.met[Feature::veth] = attempt(flags, make_veth);
  host.met[Feature::nftables] = attempt(flags, make_nftables);
  host.met[Feature::overlay] = attempt(flags, mount_overlay);
  host.met[Feature::fresh_proc] = attempt(flags, mount_proc);
  host.met[Feature::seccomp] = attempt(flags, install_filter);
}

std::optional<long> setting(const std::string& name) {
  std::ifstream file("/proc/sys/" + name);
  long value = 0;
  return file >> value ? std::optional(value) : std::nullopt;
}

bool is_installed(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream directories(path_with_sbin(path == nullptr ? "" : path));
  for (std::string directory; std::getline(directories, directory, ':');)
    if (::access(directory.append("/").append(program).c_str(), X_OK) == 0) return true;
  return false;
}

bool is_subordinate(const char* file) {
  const passwd* const user = ::getpwuid(::geteuid());
  if (user == nullptr) return false;
  std::ifstream lines(file);
  const std::string begins = std::string(user->pw_name) + ":";
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(begins)) return true;
  return false;
}

std::uint64_t available_memory() {
  std::ifstream lines("/proc/meminfo");
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("MemAvailable:")) return std::stoull(line.substr(13));
  return 0;
}

bool is_container() {
  std::error_code ignored;
  return fs::exists("/.dockerenv", ignored) || fs::exists("/run/.containerenv", ignored) ||
         std::getenv("container") != nullptr;
}

/// Where the directory is, or the one that it will be made in.
int why_not_writable(fs::path directory) {
  if (::access(directory.c_str(), F_OK) != 0) directory = directory.parent_path();
  return ::access(directory.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

}  // namespace

Host probe_host() {
  Host host;
  host.is_root = ::geteuid() == 0;
  host.in_container = is_container();
  probe_namespaces(host);
  probe_inside(host);
  host.unprivileged_userns_clone = setting("kernel/unprivileged_userns_clone");
  host.apparmor_restricts_userns = setting("kernel/apparmor_restrict_unprivileged_userns");
  host.max_user_namespaces = setting("user/max_user_namespaces");
  for (const char* const program : {"ip", "ping", "tcpdump", "traceroute"})
    if (!is_installed(program)) host.missing_programs.emplace_back(program);
  host.has_subordinate_users = is_installed("newuidmap") && is_installed("newgidmap") &&
                               is_subordinate("/etc/subuid") && is_subordinate("/etc/subgid");
  host.run_directory = control::run_directory();
  host.run_directory_error = why_not_writable(host.run_directory);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) host.open_files = limit.rlim_cur;
  host.memory_kibibytes = available_memory();
  return host;
}

}  // namespace smolstack::lab
