#pragma once
// Settings of a network namespace in /proc/sys, by the names of sysctl(8).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/io/descriptor.hpp"
#include "smolstack/ip/settings.hpp"

namespace smolstack::mirror {

/// A setting and the value to write: "net.ipv4.conf.eth0.rp_filter", "1".
struct SysctlValue {
  std::string name;
  std::string value;
};

/// The file of a setting. In a link's name a dot is written as a slash: net.ipv4.conf.eth0/7.
std::string sysctl_path(std::string_view name);
Expected<void, Error> write_sysctl(const SysctlValue& setting);

/// Settings that the kernel tells nobody about: looked at again now and then. Belongs to the
/// namespace that it was made in.
class SettingsWatch {
 public:
  SettingsWatch();

  /// Brings `settings` up to date, unless that was done less than a second ago.
  void refresh(Settings& settings, Instant now);

 private:
  struct Watched {
    io::Descriptor file;
    void (*set)(Settings& settings, int value);
  };

  std::vector<Watched> watched_;
  std::optional<Instant> looked_at_;
};

}  // namespace smolstack::mirror
