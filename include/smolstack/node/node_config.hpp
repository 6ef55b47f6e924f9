#pragma once
// What a machine is to be, as flags and configuration files say it: one table of words for both.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/io/impairment.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack::control {

/// One line for the user: what is wrong, and what would be right.
using Complaint = std::string;

/// What an interface's device is.
enum class DeviceKind : std::uint8_t { tap, tun };

/// Something that can only be judged when all is known, and how the user wrote it: "--route",
/// "node.yaml:7: route".
struct WrittenWord {
  std::string where;
  std::string text;
};

struct InterfaceConfig {
  DeviceKind kind = DeviceKind::tap;
  std::string device;  ///< the kernel's name for its end
  std::string where;   ///< how the user wrote it: "--tap t0", "node.yaml:4: tap t0"
  std::string name;    ///< inside our stack; empty: the device's
  std::vector<Ipv4Subnet> addresses;
  std::vector<Ipv4Address> groups;  ///< that it joins
  std::optional<MacAddress> mac;
  std::uint32_t mtu = 1500;
  std::optional<Ipv4Subnet> host_address;  ///< for the kernel's end
  io::ImpairmentOptions impairment{};      ///< of what it sends
  std::string netns;                       ///< the kernel's end lies there; empty: here

  const std::string& label() const { return name.empty() ? device : name; }
};

struct NodeConfig {
  std::string name;  ///< empty: the first device's
  std::vector<InterfaceConfig> interfaces;
  std::optional<WrittenWord> gateway;
  std::vector<WrittenWord> routes;  ///< as `ip route add` takes them
  bool forwarding = false;
  unsigned workers = 0;         ///< threads that forward beside the main one
  std::optional<bool> offload;  ///< none: io::offload_by_default()
  std::string control;          ///< path of the control socket; empty: by the name
  std::string log_level = "info";
  std::optional<std::uint64_t> seed;

  /// The name that the machine goes by.
  const std::string& label() const {
    return name.empty() && !interfaces.empty() ? interfaces.front().device : name;
  }
  InterfaceConfig* find(std::string_view device);
};

/// A word that belongs to an interface: `--mac` as a flag, `mac:` in a file.
struct InterfaceWord {
  std::string_view word;
  std::string_view value;  ///< what stands behind it, for the help: "ADDRESS/LENGTH"
  std::string_view help;
  Expected<void, Complaint> (*set)(InterfaceConfig& interface, const std::string& value);
};
/// A word that belongs to the whole machine.
struct NodeWord {
  std::string_view word;
  std::string_view value;
  std::string_view help;
  Expected<void, Complaint> (*set)(NodeConfig& node, const WrittenWord& written);
};
std::span<const InterfaceWord> interface_words();
std::span<const NodeWord> node_words();

/// Opens an interface; the name must be one that the kernel takes, and new.
Expected<InterfaceConfig*, Complaint> add_interface(NodeConfig& node, DeviceKind kind,
                                                    const WrittenWord& written);

/// Judges the whole: names and addresses that collide, gateways on no link. Opens no device.
Expected<void, Complaint> validate(const NodeConfig& node);

}  // namespace smolstack::control
