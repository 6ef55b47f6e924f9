#pragma once
// A lab as its file describes it: machines, the networks that join them, what is done with them in
// each stage, and what must then be true. Plain data; nothing here touches the world.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smolstack/io/impairment.hpp"
#include "smolstack/topology/finding.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack::topology {

/// Letters, digits, `.`, `_` and `-`, at most 64, and no dot or dash in front: what machines,
/// networks, stages and labs may be called.
bool is_name(std::string_view name);

/// A line of shell, and where it is written.
struct Command {
  std::string text;
  Place place;
};

/// A wire with any number of machines on it: one Linux bridge.
struct Network {
  std::string name;
  Place place;
  std::optional<Ipv4Prefix> subnet;
  std::uint32_t mtu = 1500;
  std::optional<Ipv4Subnet> host;  ///< an address of the lab's own namespace on this network
  io::ImpairmentOptions impair;    ///< of what every machine sends on it
};

/// One interface of a machine: eth0, eth1 ... in the order written.
struct Interface {
  std::string name;
  std::string network;
  Place place;
  std::optional<Ipv4Subnet> address;  ///< the length is the subnet's
  std::optional<MacAddress> mac;      ///< none: 02:42 and the address, else made from the names
  std::uint32_t mtu = 1500;           ///< its own, else the network's
  io::ImpairmentOptions impair;       ///< its own, else the network's
  bool up = true;
};

enum class StackKind : std::uint8_t {
  smol,    ///< our stack speaks on the wire
  kernel,  ///< the namespace's own Linux stack, straight on the wire
};

struct Sysctl {
  std::string name;  ///< with dots: net.ipv4.ip_forward
  std::string value;
  Place place;
};

/// A line of /etc/hosts.
struct HostEntry {
  std::string name;
  std::string address;
  Place place;
};

struct Machine {
  std::string name;
  Place place;
  std::string hostname;  ///< the name, unless the file says otherwise
  bool is_router = false;
  StackKind stack = StackKind::smol;
  /// Whether its devices may give and take super-frames; none: io::offload_by_default().
  std::optional<bool> offload;
  std::vector<Interface> interfaces;
  std::vector<Sysctl> sysctls;
  std::vector<HostEntry> extra_hosts;
  /// What runs when the machine has started: first the script, then the words of a command; both
  /// may be there. A script that the command runs itself is named by the command alone.
  std::optional<std::filesystem::path> start_up;
  std::vector<std::string> command;
  /// Files that a Dockerfile copies: from (on this host) to (on the machine).
  std::vector<std::pair<std::filesystem::path, std::string>> copies;

  const Interface* find_interface(std::string_view interface) const;
  /// Whether it forwards when it starts: the last net.ipv4.ip_forward among its sysctls, else as
  /// its kind says.
  bool forwards() const;
};

/// The link address of an interface: the given one, else 02:42 and its IPv4 address, else 02:42 and
/// a hash of the two names that is the same every time.
MacAddress mac_of(const Machine& machine, const Interface& interface);

/// Commands for machines, run in the order written, after the start-up scripts.
struct Stage {
  std::string name;
  Place place;
  std::vector<std::pair<std::string, std::vector<Command>>> exec;
};

enum class Expectation : std::uint8_t {
  reply,        ///< the answer comes
  no_reply,     ///< nothing comes back
  unreachable,  ///< an ICMP error comes back, or the send fails at once
};

struct Test {
  std::string name;
  Place place;
  std::string from;
  std::string ping;  ///< an address, or a name that the machine can resolve
  Expectation expect = Expectation::reply;
  std::optional<int> ttl;            ///< the TTL that the reply must have
  std::optional<std::string> stage;  ///< none: in every stage
};

struct Lab {
  std::string name;
  std::filesystem::path file;       ///< the file that was read
  std::filesystem::path directory;  ///< where its scripts lie
  std::optional<bool> offload;      ///< of machines that say nothing of it themselves
  std::vector<Network> networks;
  std::vector<Machine> machines;
  std::vector<Stage> stages;
  std::vector<Test> tests;
  std::vector<Finding> warnings;  ///< of reading the file: unknown keys and their like

  const Network* find_network(std::string_view network) const;
  const Machine* find_machine(std::string_view machine) const;
  const Stage* find_stage(std::string_view stage) const;
};

}  // namespace smolstack::topology
