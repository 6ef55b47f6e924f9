#pragma once
// What this host lets us do, found out by doing it: each in a child, in namespaces of its own, of
// which nothing is left.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace smolstack::lab {

/// What a lab is made of.
enum class Feature : std::uint8_t {
  user_namespaces,  ///< as whoever asks
  namespaces,       ///< all the others, as `up` makes them
  tun_file,         ///< /dev/net/tun can be opened
  tap,              ///< and gives an Ethernet device
  uring,            ///< of which io_uring reads
  bridge,
  veth,
  nftables,    ///< in the families inet and netdev
  overlay,     ///< overlayfs
  fresh_proc,  ///< /proc of a new PID namespace
  seccomp,     ///< the filter of lab/one_user.hpp
};

/// What was found. `met` has 0 for what can be done, else the errno that was in the way.
struct Host {
  bool is_root = false;
  bool in_container = false;
  bool uses_user_namespace = false;  ///< as `up` would make its namespaces
  std::map<Feature, int> met{};      ///< what depends on something that failed is not in it

  // Settings of the kernel; none: this kernel has no such setting.
  std::optional<long> unprivileged_userns_clone{};
  std::optional<long> apparmor_restricts_userns{};
  std::optional<long> max_user_namespaces{};

  std::vector<std::string> missing_programs{};
  bool has_subordinate_users = false;  ///< newuidmap, and a line of /etc/subuid
  std::string run_directory{};
  int run_directory_error = 0;
  std::uint64_t open_files = 0;        ///< RLIMIT_NOFILE
  std::uint64_t memory_kibibytes = 0;  ///< MemAvailable
};

Host probe_host();

}  // namespace smolstack::lab
