#include "open_device.hpp"

#include <filesystem>

#include "smolstack/io/tap.hpp"

namespace smolstack::tools {
namespace {

std::string own_path() {
  std::error_code ignored;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return ignored ? "smolstack" : path.native();
}

/// The three ways to a permission.
std::string ways_on(const std::string& capability) {
  return "; run it with sudo, or once `sudo setcap " + capability + "+ep " + own_path() +
         "`, or in namespaces of your own: unshare -rn";
}

/// What its operator can do about it.
std::string mend(const Error& error) {
  using io::TapError;
  if (error.code == TapError::needs_net_admin) return ways_on("cap_net_admin");
  if (error.code == TapError::needs_sys_admin) return ways_on("cap_net_admin,cap_sys_admin");
  if (error.code == TapError::tun_file_denied)
    return ways_on("cap_net_admin") +
           " (where /dev/net/tun itself is closed to you: sudo chmod 0666 /dev/net/tun)";
  if (error.code == TapError::no_tun_file)
    return "; load it with `sudo modprobe tun`, or give the container --device /dev/net/tun";
  if (error.code == TapError::no_such_namespace) return "; `ip netns` lists those there are";
  if (error.code == TapError::busy) return "; end that process, or give another name";
  if (error.code == std::errc::operation_not_permitted) return ways_on("cap_net_admin");
  return {};
}

io::TapConfig config_of(const control::InterfaceConfig& interface, std::optional<bool> offload) {
  const bool is_tap = interface.kind == control::DeviceKind::tap;
  return {.name = interface.device,
          .kind = is_tap ? io::TapKind::tap : io::TapKind::tun,
          .mtu = interface.mtu,
          .netns = interface.netns,
          .host_ip = interface.host_address,
          .offload = offload};
}

auto complain(const control::InterfaceConfig& interface, const Error& error,
              const std::string& way_out) {
  return unexpected(control::Complaint(interface.where + ": " + error.message() + way_out));
}

}  // namespace

Expected<std::unique_ptr<io::Device>, control::Complaint> open_device(
    const control::InterfaceConfig& interface, std::optional<bool> offload) {
  auto device = io::TapDevice::open(config_of(interface, offload));
  if (!device) return complain(interface, device.error(), mend(device.error()));
  return std::unique_ptr<io::Device>(std::move(*device));
}

Expected<std::unique_ptr<io::Device>, control::Complaint> open_device(
    const control::InterfaceConfig& interface, std::optional<bool> offload, IfIndex index,
    io::Workers& workers) {
  auto device = workers.open(index, config_of(interface, offload));
  if (device) return std::move(*device);
  const bool is_other = device.error().code == io::TapError::other_kind;
  return complain(interface, device.error(),
                  is_other ? "; one that was there before must have been made for several queues: "
                             "ip tuntap add NAME mode tap multi_queue"
                           : mend(device.error()));
}

}  // namespace smolstack::tools
