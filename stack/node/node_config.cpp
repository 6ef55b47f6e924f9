#include "smolstack/node/node_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "smolstack/control/log.hpp"
#include "smolstack/control/run_directory.hpp"
#include "smolstack/netif/interface.hpp"
#include "smolstack/node/node_setup.hpp"

namespace smolstack::control {
namespace {

constexpr unsigned most_workers = 32;

using Result = Expected<void, Complaint>;

auto complain(std::string text) {
  return unexpected(Complaint(std::move(text)));
}

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number number{};
  const auto end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

/// What the kernel takes as the name of a device; `%` would make it count.
bool is_device_name(std::string_view name) {
  const auto bad = [](char c) { return c <= ' ' || c == '/' || c == ':' || c == '%'; };
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
         std::ranges::none_of(name, bad);
}

/// Why no host may have this address, in words; empty when one may.
std::string_view unfit(const Ipv4Subnet& subnet) {
  const Ipv4Address address = subnet.address;
  if (address.is_multicast()) return "is a multicast group";
  if (address.is_this_network()) return "lies in 0.0.0.0/8, which no host may use";
  if (address.is_loopback()) return "is a loopback address, which never goes on a wire";
  if (address.is_class_e()) return "lies in the reserved range 240.0.0.0/4";
  if (!subnet.prefix().has_broadcast()) return {};
  if (address == subnet.prefix().network) return "is the network's own address";
  if (address == subnet.broadcast()) return "is the network's broadcast address";
  return {};
}

Expected<Ipv4Subnet, Complaint> parse_host(const std::string& text) {
  const auto subnet = parse_ipv4_subnet(text);
  if (!subnet)
    return complain("is not an IPv4 address with the length of its prefix, as in 10.1.1.2/24");
  if (text.find('/') == std::string::npos)
    return complain("lacks the length of its prefix; write " + text + "/24, or /32 if it is alone");
  if (const auto why = unfit(*subnet); !why.empty())
    return complain(std::string(why) + "; give a host's address, as in 10.1.1.2/24");
  return *subnet;
}

Result set_ip(InterfaceConfig& interface, const std::string& value) {
  const auto subnet = parse_host(value);
  if (!subnet) return unexpected(subnet.error());
  if (std::ranges::find(interface.addresses, *subnet) != interface.addresses.end())
    return complain("is there already; give each address once");
  interface.addresses.push_back(*subnet);
  return {};
}

Result set_join(InterfaceConfig& interface, const std::string& value) {
  const auto group = parse_ipv4_address(value);
  if (!group || !group->is_multicast())
    return complain("is not an IPv4 multicast group, as in 239.1.2.3");
  if (*group == all_systems) return complain("is joined always; there is no need to say so");
  if (std::ranges::find(interface.groups, *group) != interface.groups.end())
    return complain("is there already; give each group once");
  interface.groups.push_back(*group);
  return {};
}

Result set_mac(InterfaceConfig& interface, const std::string& value) {
  const auto mac = parse_mac_address(value);
  if (!mac) return complain("is not a MAC address, as in 02:42:0a:01:01:02");
  if (mac->is_zero()) return complain("is no address; give one as in 02:42:0a:01:01:02");
  if (mac->is_group())
    return complain("is a group address; a station's has an even first octet, as in 02:42:...");
  if (interface.kind == DeviceKind::tun) return complain("does not belong to a TUN: it has no MAC");
  interface.mac = mac;
  return {};
}

Result set_mtu(InterfaceConfig& interface, const std::string& value) {
  const auto mtu = parse_number<std::uint32_t>(value);
  if (!mtu || *mtu < min_mtu || *mtu > max_mtu)
    return complain("is not an MTU; give a number from 68 to 65535");
  interface.mtu = *mtu;
  return {};
}

Result set_host_ip(InterfaceConfig& interface, const std::string& value) {
  const auto subnet = parse_host(value);
  if (!subnet) return unexpected(subnet.error());
  interface.host_address = *subnet;
  return {};
}

Result set_netns(InterfaceConfig& interface, const std::string& value) {
  if (value.empty() || value == "." || value == ".." || value.find('/') != std::string::npos)
    return complain("is not the name of a network namespace, as `ip netns` lists them");
  interface.netns = value;
  return {};
}

Result set_ifname(InterfaceConfig& interface, const std::string& value) {
  if (!is_device_name(value))
    return complain("is not a name for an interface; give up to 15 letters, as in eth0");
  if (value == "lo") return complain("is the loopback's name; choose another, as in eth0");
  interface.name = value;
  return {};
}

Result set_impair(InterfaceConfig& interface, const std::string& value) {
  const auto impairment = io::parse_impairment(value);
  if (!impairment) return unexpected(Complaint(impairment.error()));
  interface.impairment = *impairment;
  return {};
}

Result set_gateway(NodeConfig& node, const WrittenWord& written) {
  const auto address = parse_ipv4_address(written.text);
  if (!address) return complain("is not an IPv4 address, as in 10.1.1.3");
  if (node.gateway) return complain("is a second gateway; give more routes with --route");
  node.gateway = written;
  return {};
}

Result add_route(NodeConfig& node, const WrittenWord& written) {
  node.routes.push_back(written);
  return {};
}

Result set_forward(NodeConfig& node, const WrittenWord& written) {
  if (written.text != "on" && written.text != "off") return complain("is neither `on` nor `off`");
  node.forwarding = written.text == "on";
  return {};
}

Result set_offload(NodeConfig& node, const WrittenWord& written) {
  if (written.text != "on" && written.text != "off") return complain("is neither `on` nor `off`");
  node.offload = written.text == "on";
  return {};
}

Result set_name(NodeConfig& node, const WrittenWord& written) {
  if (!is_machine_name(written.text))
    return complain("is not a name for a machine; give up to 64 letters, digits, `.`, `_` and `-`");
  node.name = written.text;
  return {};
}

Result set_control(NodeConfig& node, const WrittenWord& written) {
  if (written.text.empty()) return complain("is empty; give the path of a socket");
  node.control = written.text;
  return {};
}

Result set_log_level(NodeConfig& node, const WrittenWord& written) {
  if (!parse_log_level(written.text))
    return complain("is none of " + std::string(log_level_names()));
  node.log_level = written.text;
  return {};
}

Result set_seed(NodeConfig& node, const WrittenWord& written) {
  node.seed = parse_number<std::uint64_t>(written.text);
  if (!node.seed) return complain("is not a whole number from 0 to 2^64-1");
  return {};
}

Result set_workers(NodeConfig& node, const WrittenWord& written) {
  const auto count = parse_number<unsigned>(written.text);
  if (!count || *count > most_workers)
    return complain("is not a number of threads; give 0 to " + std::to_string(most_workers));
  node.workers = *count;
  return {};
}

constexpr std::array interface_table{
    InterfaceWord{"ip", "ADDRESS/LENGTH", "an address of the interface; may be repeated", set_ip},
    InterfaceWord{"mac", "MAC", "its MAC address (default: 02:42 and the first address)", set_mac},
    InterfaceWord{"mtu", "BYTES", "its MTU, 68 to 65535 (default: 1500)", set_mtu},
    InterfaceWord{"join", "GROUP", "a multicast group that it joins; may be repeated", set_join},
    InterfaceWord{"host-ip", "ADDRESS/LENGTH",
                  "an address for the kernel's end, which is brought up", set_host_ip},
    InterfaceWord{"netns", "NAME", "the network namespace of the kernel's end", set_netns},
    InterfaceWord{"impair", "\"WORD VALUE...\"",
                  "what becomes of what it sends, as in \"delay 50ms loss 2%\"", set_impair},
    InterfaceWord{"ifname", "NAME", "its name inside the machine (default: the device's)",
                  set_ifname},
};

constexpr std::array node_table{
    NodeWord{"gateway", "ADDRESS", "the default route's gateway", set_gateway},
    NodeWord{"route", "ROUTE", "\"PREFIX via GATEWAY [dev IF] [metric N] [src A]\"; repeatable",
             add_route},
    NodeWord{"forward", "on|off", "whether it forwards (default: node off, router on)",
             set_forward},
    NodeWord{"workers", "COUNT", "threads that forward beside the main one (default: 0)",
             set_workers},
    NodeWord{"offload", "on|off",
             "whether devices may give and take super-frames and leave checksums (default: on)",
             set_offload},
    NodeWord{"name", "NAME", "what it is called (default: as the first device)", set_name},
    NodeWord{"control", "SOCKET", "path of its control socket (default: by its name)", set_control},
    NodeWord{"log-level", "LEVEL", "trace, debug, info, warning, error, critical or off",
             set_log_level},
    NodeWord{"seed", "NUMBER", "makes its randomness repeatable", set_seed},
};

/// Two interfaces may not share a device, a name or an address.
Result check_collisions(const InterfaceConfig& one, const InterfaceConfig& other) {
  if (one.label() == other.label())
    return complain(one.where + ": " + other.where + " is called " + other.label() +
                    " too; give one of them another --ifname");
  for (const Ipv4Subnet& subnet : one.addresses)
    for (const Ipv4Subnet& theirs : other.addresses)
      if (subnet.address == theirs.address)
        return complain(one.where + ": ip " + to_string(subnet) + ": " + other.where +
                        " has this address already; give each interface its own");
  return {};
}

Result check_interface(const InterfaceConfig& interface) {
  for (std::size_t i = 0; i < interface.addresses.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (interface.addresses[i].address == interface.addresses[k].address)
        return complain(interface.where + ": ip " + to_string(interface.addresses[i]) +
                        ": the address is there already, as " + to_string(interface.addresses[k]) +
                        "; give it once");
  if (interface.label() == "lo")
    return complain(interface.where + ": lo is the loopback's name; give another with --ifname");
  if (!interface.host_address) return {};
  for (const Ipv4Subnet& subnet : interface.addresses)
    if (subnet.address == interface.host_address->address)
      return complain(interface.where + ": host-ip " + to_string(*interface.host_address) +
                      ": is the machine's own address; the kernel's end needs another one");
  return {};
}

Result check_names(const NodeConfig& node) {
  if (node.interfaces.empty())
    return complain("there is no interface; give one, as in --tap t0 --ip 10.1.1.2/24");
  if (!is_machine_name(node.label()))
    return complain(node.interfaces.front().where + ": `" + node.label() +
                    "` cannot be the machine's name; give another with --name");
  return {};
}

}  // namespace

InterfaceConfig* NodeConfig::find(std::string_view device) {
  const auto at = std::ranges::find(interfaces, device, &InterfaceConfig::device);
  return at == interfaces.end() ? nullptr : &*at;
}

std::span<const InterfaceWord> interface_words() {
  return interface_table;
}
std::span<const NodeWord> node_words() {
  return node_table;
}

Expected<InterfaceConfig*, Complaint> add_interface(NodeConfig& node, DeviceKind kind,
                                                    const WrittenWord& written) {
  if (!is_device_name(written.text))
    return complain("is not a name for a device; give up to 15 letters, as in tap0");
  if (node.find(written.text) != nullptr)
    return complain("is there already; give each interface a device of its own");
  InterfaceConfig interface;
  interface.kind = kind;
  interface.device = written.text;
  interface.where = written.where + ' ' + written.text;
  return &node.interfaces.emplace_back(std::move(interface));
}

Expected<void, Complaint> validate(const NodeConfig& node) {
  if (auto good = check_names(node); !good) return good;
  for (std::size_t i = 0; i < node.interfaces.size(); ++i) {
    if (auto good = check_interface(node.interfaces[i]); !good) return good;
    for (std::size_t k = 0; k < i; ++k)
      if (auto good = check_collisions(node.interfaces[i], node.interfaces[k]); !good) return good;
  }
  // The routes are judged by those who know: the tables of a stack that nobody drives.
  StackOptions options = stack_options(node);
  options.pool = {.small = 64, .large = 1};
  Stack rehearsal(options);
  return configure(rehearsal, node, Instant{});
}

}  // namespace smolstack::control
