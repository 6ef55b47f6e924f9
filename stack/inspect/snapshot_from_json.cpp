#include <algorithm>
#include <limits>

#include "smolstack/inspect/snapshot_json.hpp"
#include "smolstack/wire/ipv4.hpp"

// A snapshot comes over a socket from a process that somebody else may have replaced. Nothing is
// believed: not the types, not the lengths, not that a device exists.

namespace smolstack::inspect {
namespace {

constexpr SnapshotLimits limits;
constexpr std::size_t shown_bytes = 60;
constexpr int deepest = 8;

/// Lists in lists without end would be copied by recursion without end.
bool is_shallow(const Json& json, int depth = deepest) {
  if (!json.is_structured()) return true;
  return depth > 0 && std::ranges::all_of(
                          json, [depth](const Json& each) { return is_shallow(each, depth - 1); });
}

std::string quoted(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > shown_bytes) text = text.substr(0, shown_bytes) + "...";
  return text;
}

/// Reads one object, and remembers the first thing that was wrong and where.
class Reader {
 public:
  Reader(const Json& json, std::string path, std::string& complaint)
      : json_(json), path_(std::move(path)), complaint_(complaint) {
    if (!json.is_object()) complain("", quoted(json) + " is no object");
  }

  bool failed() const { return !complaint_.empty(); }

  void flag(const char* key, bool& value) {
    const Json* const found = find(key);
    if (found == nullptr) return;
    if (!found->is_boolean()) return complain(key, quoted(*found) + " is neither true nor false");
    value = found->get<bool>();
  }

  template <class Number>
  void number(const char* key, Number& value, std::uint64_t least,
              std::uint64_t most = std::numeric_limits<Number>::max()) {
    const Json* const found = find(key);
    if (found == nullptr) return;
    const bool is_number =
        found->is_number_integer() && (found->is_number_unsigned() || *found >= 0);
    const auto given = is_number ? found->template get<std::uint64_t>() : 0;
    if (!is_number || given < least || given > most)
      return complain(key, quoted(*found) + " is no number from " + std::to_string(least) + " to " +
                               std::to_string(most));
    value = static_cast<Number>(given);
  }

  void text(const char* key, std::string& value) {
    const Json* const found = find(key);
    if (found == nullptr) return;
    if (!found->is_string() || found->get_ref<const std::string&>().size() > limits.name)
      return complain(
          key, quoted(*found) + " is no name of at most " + std::to_string(limits.name) + " bytes");
    value = found->get<std::string>();
    for (const char c : value)
      if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f')
        return complain(key, quoted(*found) + " has a blank or control character in it");
  }

  /// A word that `parse` turns into a value.
  template <class Value, class Parse>
  void word(const char* key, Value& value, Parse&& parse, std::string_view what) {
    std::string written;
    text(key, written);
    if (failed() || find(key) == nullptr) return;
    if (const auto parsed = parse(written))
      value = *parsed;
    else
      complain(key, quoted(json_[key]) + " is no " + std::string(what));
  }

  void must_have(const char* key) {
    if (!failed() && find(key) == nullptr) complain(key, "is missing");
  }

  /// Every element of a list, read by `read(Reader&)` into a value.
  template <class Value, class Read>
  void list(const char* key, std::vector<Value>& values, std::size_t most, Read&& read) {
    const Json* const found = find(key);
    if (found == nullptr || failed()) return;
    if (!found->is_array()) return complain(key, quoted(*found) + " is no list");
    if (found->size() > most)
      return complain(key, "has " + std::to_string(found->size()) + " elements, and may have " +
                               std::to_string(most));
    for (std::size_t i = 0; i < found->size() && !failed(); ++i) {
      Reader element((*found)[i], path_ + key + '[' + std::to_string(i) + "].", complaint_);
      if (!failed()) values.push_back(read(element));
    }
  }

  void complain(std::string_view key, const std::string& what) {
    if (failed()) return;
    complaint_ = path_ + std::string(key);
    if (complaint_.ends_with('.')) complaint_.pop_back();
    complaint_ += (complaint_.empty() ? "" : ": ") + what;
  }

 private:
  const Json* find(const char* key) const {
    if (!json_.is_object()) return nullptr;
    const auto at = json_.find(key);
    return at == json_.end() ? nullptr : &*at;
  }

  const Json& json_;
  std::string path_;
  std::string& complaint_;
};

std::optional<RouteKind> parse_kind(std::string_view word) {
  using enum RouteKind;
  for (const RouteKind kind : {unicast, blackhole, unreachable, prohibit})
    if (to_string(kind) == word) return kind;
  return std::nullopt;
}

std::optional<topology::StackKind> parse_stack_kind(std::string_view word) {
  if (word == "smol") return topology::StackKind::smol;
  if (word == "kernel") return topology::StackKind::kernel;
  return std::nullopt;
}

std::optional<std::uint8_t> parse_transport(std::string_view word) {
  if (word == "tcp") return ip_protocol::tcp;
  if (word == "udp") return ip_protocol::udp;
  return std::nullopt;
}

Ipv4Subnet read_address(Reader& reader) {
  Ipv4Subnet subnet;
  reader.must_have("local");
  reader.word("local", subnet.address, parse_ipv4_address, "IPv4 address");
  reader.number("prefixlen", subnet.length, 0, 32);
  return subnet;
}

InterfaceSnapshot read_interface(Reader& reader) {
  InterfaceSnapshot interface;
  reader.must_have("ifname");
  reader.text("ifname", interface.name);
  reader.text("network", interface.network);
  reader.word("address", interface.mac, parse_mac_address, "MAC address");
  reader.number("mtu", interface.mtu, min_mtu, max_mtu);
  reader.flag("up", interface.up);
  reader.flag("carrier", interface.carrier);
  reader.flag("forwarding", interface.forwarding);
  reader.number("rp_filter", interface.rp_filter, 0, 2);
  reader.list("addr_info", interface.addresses, limits.addresses, read_address);
  if (interface.name == "lo") reader.complain("ifname", "\"lo\" is every machine's own");
  if (interface.mac.is_group()) reader.complain("address", "a group address is no station's");
  return interface;
}

PathSnapshot read_path(Reader& reader) {
  PathSnapshot path;
  reader.must_have("dev");
  reader.word("gateway", path.gateway, parse_ipv4_address, "IPv4 address");
  reader.text("dev", path.device);
  reader.number("weight", path.weight, 1, 256);
  return path;
}

RouteSnapshot read_route(Reader& reader) {
  RouteSnapshot route;
  reader.must_have("dst");
  reader.word("type", route.route.kind, parse_kind, "kind of route");
  reader.word("dst", route.route.prefix, parse_ipv4_prefix, "prefix");
  reader.word("gateway", route.route.gateway, parse_ipv4_address, "IPv4 address");
  reader.text("dev", route.device);
  reader.word("protocol", route.route.protocol, parse_route_protocol, "routing protocol");
  reader.word("prefsrc", route.route.preferred_source, parse_ipv4_address, "IPv4 address");
  reader.number("metric", route.route.metric, 0);
  reader.list("nexthops", route.paths, limits.paths, read_path);
  return route;
}

ListeningPort read_port(Reader& reader) {
  ListeningPort port;
  reader.must_have("port");
  reader.word("protocol", port.protocol, parse_transport, "transport (tcp or udp)");
  reader.word("address", port.address, parse_ipv4_address, "IPv4 address");
  reader.number("port", port.port, 1);
  return port;
}

NeighborSnapshot read_neighbor(Reader& reader) {
  NeighborSnapshot neighbor;
  for (const char* const key : {"dst", "dev", "lladdr"}) reader.must_have(key);
  reader.word("dst", neighbor.address, parse_ipv4_address, "IPv4 address");
  reader.text("dev", neighbor.device);
  reader.word("lladdr", neighbor.mac, parse_mac_address, "MAC address");
  return neighbor;
}

HostName read_host(Reader& reader) {
  HostName host;
  for (const char* const key : {"name", "address"}) reader.must_have(key);
  reader.text("name", host.name);
  reader.word("address", host.address, parse_ipv4_address, "IPv4 address");
  return host;
}

/// Interfaces are named once, and whatever leads somewhere leads there by one of them.
void check_devices(Reader& reader, const MachineSnapshot& machine) {
  for (const InterfaceSnapshot& interface : machine.interfaces)
    if (machine.find(interface.name) != &interface)
      reader.complain("interfaces", "there are two named " + interface.name);
  for (std::size_t i = 0; i < machine.routes.size(); ++i) {
    const RouteSnapshot& each = machine.routes[i];
    const bool leads_somewhere = each.route.kind == RouteKind::unicast;
    if (leads_somewhere && machine.find(each.device) == nullptr && each.device != "lo")
      reader.complain("routes[" + std::to_string(i) + "].dev",
                      "there is no interface \"" + each.device + '"');
    for (const PathSnapshot& path : each.paths)
      if (machine.find(path.device) == nullptr)
        reader.complain("routes[" + std::to_string(i) + "].nexthops",
                        "there is no interface \"" + path.device + '"');
  }
  for (const NeighborSnapshot& each : machine.permanent_neighbors)
    if (machine.find(each.device) == nullptr)
      reader.complain("neighbors", "there is no interface \"" + each.device + '"');
}

MachineSnapshot read_machine(Reader& reader) {
  MachineSnapshot machine;
  reader.must_have("node");
  reader.text("node", machine.name);
  reader.word("stack", machine.stack, parse_stack_kind, "stack (smol or kernel)");
  reader.flag("running", machine.running);
  reader.flag("ip_forward", machine.forwarding);
  reader.number("rp_filter", machine.rp_filter, 0, 2);
  reader.flag("icmp_echo_ignore_all", machine.echo_ignore_all);
  reader.flag("icmp_echo_ignore_broadcasts", machine.echo_ignore_broadcasts);
  reader.list("interfaces", machine.interfaces, limits.interfaces, read_interface);
  reader.list("routes", machine.routes, limits.routes, read_route);
  reader.list("listening", machine.listening, limits.others, read_port);
  reader.list("neighbors", machine.permanent_neighbors, limits.others, read_neighbor);
  reader.list("hosts", machine.hosts, limits.others, read_host);
  if (!reader.failed()) check_devices(reader, machine);
  return machine;
}

}  // namespace

Expected<MachineSnapshot, Error> machine_snapshot(const Json& json) {
  if (!is_shallow(json))
    return failed(std::errc::invalid_argument,
                  "reading the snapshot of a machine: nested too deep");
  if (json.is_array()) {
    const Json whole = join_rows(json);
    return machine_snapshot(whole);
  }
  std::string complaint;
  Reader reader(json, "", complaint);
  MachineSnapshot machine = read_machine(reader);
  if (complaint.empty()) return machine;
  const std::string whose = machine.name.empty() ? "a machine" : machine.name;
  return failed(std::errc::invalid_argument, "reading the snapshot of " + whose + ": " + complaint);
}

}  // namespace smolstack::inspect
