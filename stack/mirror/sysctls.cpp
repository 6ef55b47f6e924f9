#include "smolstack/mirror/sysctls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

namespace smolstack::mirror {
namespace {

constexpr Duration time_between_looks = std::chrono::seconds(1);

struct Known {
  std::string_view name;
  void (*set)(Settings& settings, int value);
};

constexpr std::array known{
    Known{"net.ipv4.icmp_echo_ignore_all",
          [](Settings& s, int value) { s.echo_ignore_all = value != 0; }},
    Known{"net.ipv4.icmp_echo_ignore_broadcasts",
          [](Settings& s, int value) { s.echo_ignore_broadcasts = value != 0; }},
    Known{"net.ipv4.ip_default_ttl",
          [](Settings& s, int value) {
            s.default_ttl = static_cast<std::uint8_t>(std::clamp(value, 1, 255));
          }},
    Known{"net.ipv4.conf.all.send_redirects",
          [](Settings& s, int value) { s.send_redirects = value != 0; }},
    Known{"net.ipv4.conf.all.accept_redirects",
          [](Settings& s, int value) { s.accept_redirects = value != 0; }},
};

std::optional<int> read_number(const io::Descriptor& file) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(file.number(), text.data(), text.size(), 0);
  int value = 0;
  if (size <= 0 || std::from_chars(text.data(), text.data() + size, value).ec != std::errc())
    return std::nullopt;
  return value;
}

}  // namespace

std::string sysctl_path(std::string_view name) {
  std::string path(name);
  for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return "/proc/sys/" + path;
}

Expected<void, Error> write_sysctl(const SysctlValue& setting) {
  const auto doing = [&] { return "setting " + setting.name + " to " + setting.value; };
  const io::Descriptor file(::open(sysctl_path(setting.name).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return failed(errno, doing());
  if (::write(file.number(), setting.value.data(), setting.value.size()) < 0)
    return failed(errno, doing());
  return {};
}

SettingsWatch::SettingsWatch() {
  for (const Known& each : known)
    watched_.push_back(
        {io::Descriptor(::open(sysctl_path(each.name).c_str(), O_RDONLY | O_CLOEXEC)), each.set});
}

void SettingsWatch::refresh(Settings& settings, Instant now) {
  if (looked_at_ && now - *looked_at_ < time_between_looks) return;
  looked_at_ = now;
  for (const Watched& each : watched_)
    if (const auto value = read_number(each.file)) each.set(settings, *value);
}

}  // namespace smolstack::mirror
