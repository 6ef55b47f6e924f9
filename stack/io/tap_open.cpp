#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "smolstack/io/network_namespace.hpp"
#include "smolstack/io/rtnetlink.hpp"
#include "smolstack/io/tap.hpp"
#include "smolstack/io/tap_holder.hpp"
#include "smolstack/netif/interface.hpp"

namespace smolstack::io {
namespace {

constexpr const char* tun_file = "/dev/net/tun";

Expected<Descriptor, Error> open_tun_file() {
  const std::string doing = std::string("opening ") + tun_file;
  Descriptor opened(::open(tun_file, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (opened) return opened;
  switch (errno) {
    case EACCES:
    case EPERM: return unexpected(Error{TapError::tun_file_denied, doing});
    case ENOENT:
    case ENODEV:
    case ENXIO: return unexpected(Error{TapError::no_tun_file, doing});
    default: return failed(errno, doing);
  }
}

ifreq request_for(const TapConfig& config, bool has_header) {
  ifreq request{};
  std::copy(config.name.begin(), config.name.end(), std::begin(request.ifr_name));
  const int kind = config.kind == TapKind::tap ? IFF_TAP : IFF_TUN;
  const int header = has_header ? IFF_VNET_HDR : 0;
  const int queues = config.multi_queue ? IFF_MULTI_QUEUE : 0;
  request.ifr_flags = static_cast<short>(kind | IFF_NO_PI | header | queues);
  return request;
}

auto attach_failed(int number, const std::string& doing) {
  switch (number) {
    case EPERM: return unexpected(Error{TapError::needs_net_admin, doing});
    case EBUSY: return unexpected(Error{TapError::busy, doing});
    case EINVAL: return unexpected(Error{TapError::other_kind, doing});
    default: return failed(number, doing);
  }
}

/// Brings the kernel's end into the state that the configuration asks for. The link of a device
/// that was there before is its maker's business, but for the address that we are told to add.
Expected<void, Error> set_kernel_end(const TapConfig& config, bool attached) {
  if (attached && !config.host_ip) return {};
  auto kernel = Rtnetlink::open();
  if (!kernel) return unexpected(std::move(kernel.error()));
  const unsigned ifindex = if_nametoindex(config.name.c_str());
  Expected<void, Error> done;
  if (!attached) done = kernel->set_mtu(ifindex, config.mtu);
  if (done && !attached && config.mac) done = kernel->set_mac(ifindex, *config.mac);
  if (done && config.host_ip) done = kernel->add_address(ifindex, *config.host_ip);
  if (done && (config.up || config.host_ip)) done = kernel->set_up(ifindex);
  if (!done) done.error().doing += " on " + config.name;
  return done;
}

/// Names the process that stands in the way, if it can be found.
Error with_holder(Error error, const std::string& device) {
  if (error.code != TapError::busy) return error;
  if (const auto holder = find_tap_holder(device))
    error.doing += " (held by " + holder->command + ", pid " + std::to_string(holder->pid) + ")";
  return error;
}

Expected<void, Error> check(const TapConfig& config) {
  if (!is_interface_name(config.name))
    return unexpected(Error{TapError::bad_name, "opening \"" + config.name + "\""});
  if (config.mtu < min_mtu || config.mtu > max_mtu_of(config.kind))
    return unexpected(Error{TapError::bad_mtu,
                            "opening " + config.name + " with MTU " + std::to_string(config.mtu)});
  return {};
}

}  // namespace

bool is_interface_name(std::string_view name) {
  const auto is_forbidden = [](char c) {
    return c == '/' || c == ':' || c == '%' || c <= ' ' || c > '~';
  };
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), is_forbidden);
}

/// Creates the device, or attaches to it if it is there.
Expected<TapDevice::Attachment, Error> TapDevice::attach(const TapConfig& config) {
  auto opened = open_tun_file();
  if (!opened) return unexpected(std::move(opened.error()));
  const bool is_wanted = config.offload.value_or(offload_by_default());
  const bool has_header = is_wanted && offers_virtio_header(opened->number());
  ifreq request = request_for(config, has_header);
  if (::ioctl(opened->number(), TUNSETIFF, &request) != 0)
    return attach_failed(errno, "opening " + config.name);
  // Only a persistent device can have been there with nobody holding it.
  if (::ioctl(opened->number(), TUNGETIFF, &request) != 0)
    return failed(errno, "reading the flags of " + config.name);
  const TapOffload offload = agree_on_offload(opened->number(), has_header, is_wanted);
  return Attachment{std::move(*opened), offload, (request.ifr_flags & IFF_PERSIST) != 0};
}

Expected<std::unique_ptr<TapDevice>, Error> TapDevice::open(const TapConfig& config) {
  if (auto fit = check(config); !fit) return unexpected(std::move(fit.error()));
  const auto inside = InNetworkNamespace::enter(config.netns);
  if (!inside) return unexpected(inside.error());
  auto tied = attach(config);
  if (!tied) return unexpected(with_holder(std::move(tied.error()), config.name));
  if (auto set = set_kernel_end(config, tied->attached); !set)
    return unexpected(std::move(set.error()));
  return std::unique_ptr<TapDevice>(new TapDevice(config, std::move(*tied)));
}

std::unique_ptr<TapDevice> TapDevice::adopt(const TapConfig& config, Descriptor descriptor) {
  ifreq flags{};
  const bool has_header =
      ::ioctl(descriptor.number(), TUNGETIFF, &flags) == 0 && (flags.ifr_flags & IFF_VNET_HDR) != 0;
  const bool is_wanted = config.offload.value_or(offload_by_default());
  const TapOffload offload = agree_on_offload(descriptor.number(), has_header, is_wanted);
  return std::unique_ptr<TapDevice>(
      new TapDevice(config, Attachment{std::move(descriptor), offload, true}));
}

Expected<std::vector<std::unique_ptr<TapDevice>>, Error> TapDevice::open_queues(TapConfig config,
                                                                                unsigned count) {
  config.multi_queue = true;
  std::vector<std::unique_ptr<TapDevice>> queues;
  auto first = open(config);
  if (!first) return unexpected(std::move(first.error()));
  queues.push_back(std::move(*first));
  const auto inside = InNetworkNamespace::enter(config.netns);
  if (!inside) return unexpected(inside.error());
  while (queues.size() < count) {
    auto tied = attach(config);
    if (!tied) return unexpected(std::move(tied.error()));
    queues.push_back(std::unique_ptr<TapDevice>(new TapDevice(config, std::move(*tied))));
  }
  return queues;
}

Expected<std::vector<std::unique_ptr<TapDevice>>, Error> TapDevice::reopen_queues(
    const TapConfig& config, unsigned count) {
  const auto inside = InNetworkNamespace::enter(config.netns);
  if (!inside) return unexpected(inside.error());
  if (if_nametoindex(config.name.c_str()) == 0) return failed(ENODEV, "opening " + config.name);
  auto queues = open_queues(config, count);
  // Not there before: it vanished between the two calls, and goes again with its queues.
  if (queues && !queues->front()->attached()) return failed(ENODEV, "opening " + config.name);
  return queues;
}

std::unique_ptr<TapDevice> TapDevice::duplicate() const {
  return adopt(config_, Descriptor(::fcntl(descriptor_.number(), F_DUPFD_CLOEXEC, 0)));
}

TapDevice::TapDevice(const TapConfig& config, Attachment tied)
    : config_(config),
      descriptor_(std::move(tied.descriptor)),
      offload_(tied.offload),
      attached_(tied.attached) {
  set_mtu(config.mtu);
}

bool TapDevice::reopen() {
  descriptor_.close();
  const auto inside = InNetworkNamespace::enter(config_.netns);
  if (!inside || if_nametoindex(config_.name.c_str()) == 0) return false;
  auto tied = attach(config_);
  // Not there before: it vanished between the two calls, and goes again with `tied`.
  if (!tied || !tied->attached) return false;
  if (!set_kernel_end(config_, true)) return false;
  descriptor_ = std::move(tied->descriptor);
  offload_ = tied->offload;
  set_mtu(config_.mtu);
  attached_ = true;
  state_ = DeviceState::ready;
  return true;
}

}  // namespace smolstack::io
