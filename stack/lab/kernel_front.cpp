#include <algorithm>
#include <fcntl.h>
#include <map>
#include <optional>

#include "smolstack/inspect/snapshot_json.hpp"
#include "smolstack/io/tap.hpp"
#include "smolstack/lab/front.hpp"
#include "smolstack/lab/machine_commands.hpp"
#include "smolstack/topology/lab.hpp"

// A machine with the kernel's own stack straight on the wire: each interface is one end of a pair
// whose other end is a port of the network's bridge.

namespace smolstack::lab {
namespace {

using Result = Expected<void, Error>;

/// What can be asked of such a machine; the rest its own programs answer.
class KernelCommander final : public control::Commander {
 public:
  explicit KernelCommander(const topology::Machine& machine) : machine_(machine) {}

  std::unique_ptr<control::Running> start(std::string_view command, const control::Words&,
                                          const std::shared_ptr<control::Reply>& reply) override {
    if (command == "snapshot")
      snapshot(*reply);
    else
      reply->fail(control::exit_code::wrong,
                  "the kernel's stack speaks here, which has no `" + std::string(command) +
                      "`; use the machine's own programs: smolstack exec");
    return nullptr;
  }

 private:
  void snapshot(control::Reply& reply) {
    const auto read = kernel_snapshot(machine_);
    if (!read) return reply.fail(control::exit_code::wrong, read.error().message());
    auto rows = inspect::to_rows(*read);
    complete_snapshot(machine_, rows.front());
    for (const auto& row : rows) reply.data(row);
    reply.finish(control::exit_code::done);
  }

  const topology::Machine& machine_;
};

class KernelFront final : public Front {
 public:
  explicit KernelFront(const FrontOptions& options) : options_(options) {}

  Result attach_wires() override {
    auto opened = io::Rtnetlink::open();
    if (!opened) return unexpected(opened.error());
    lab_ = std::move(*opened);
    return {};
  }

  Result open_interfaces(io::Rtnetlink& machine) override {
    const io::Descriptor here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!here) return failed(errno, "opening the machine's network namespace");
    for (const auto& interface : options_.machine.interfaces)
      if (auto made = open_interface(machine, interface, here.number()); !made) return made;
    return {};
  }

  Result start() override { return {}; }

  Result plug(const std::string& interface, bool in) override {
    const auto wire = wires_.find(interface);
    if (wire == wires_.end())
      return failed(std::errc::no_such_device,
                    "plugging " + interface + " of " + options_.machine.name);
    return lab_->set_up(wire->second, in);
  }

  std::shared_ptr<control::Commander> commander() override {
    return std::make_shared<KernelCommander>(options_.machine);
  }

 private:
  Result open_interface(io::Rtnetlink& machine, const topology::Interface& interface, int here) {
    const std::string wire = wire_name(options_.lab, options_.machine, interface);
    // The pair of a machine that was killed lives on until the kernel has cleared up its namespace.
    if (const auto old = lab_->find_link(wire)) (void)lab_->remove_link(*old);
    if (auto made = lab_->add_veth(wire, interface.name, here); !made) return made;
    if (auto set = set_wire(wire, interface); !set) return set;
    const auto own = machine.find_link(interface.name);
    if (!own) return unexpected(own.error());
    if (auto set = machine.set_mac(*own, topology::mac_of(options_.machine, interface)); !set)
      return set;
    return machine.set_mtu(*own, interface.mtu);
  }

  Result set_wire(const std::string& wire, const topology::Interface& interface) {
    const topology::Network& network = *options_.lab.find_network(interface.network);
    const auto port = lab_->find_link(wire);
    if (!port) return unexpected(port.error());
    const auto bridge = lab_->find_link(bridge_name(options_.lab, network));
    if (!bridge) return unexpected(bridge.error());
    wires_[interface.name] = *port;
    if (auto set = lab_->set_mtu(*port, interface.mtu); !set) return set;
    if (auto set = lab_->set_master(*port, *bridge); !set) return set;
    return lab_->set_up(*port);
  }

  FrontOptions options_;
  std::optional<io::Rtnetlink> lab_;  // stays in the lab's namespace when we leave it
  std::map<std::string, unsigned> wires_;
};

std::string shortened(const std::string& name, const std::string& otherwise) {
  return io::is_interface_name(name) ? name : otherwise;
}

template <class T>
std::string number_in(const std::vector<T>& list, const std::string& name) {
  return std::to_string(std::ranges::find(list, name, &T::name) - list.begin());
}

}  // namespace

std::string wire_name(const topology::Lab& lab, const topology::Machine& machine,
                      const topology::Interface& interface) {
  return shortened(machine.name + "-" + interface.name,
                   "m" + number_in(lab.machines, machine.name) + "-" + interface.name);
}

std::string bridge_name(const topology::Lab& lab, const topology::Network& network) {
  return shortened(network.name, "net" + number_in(lab.networks, network.name));
}

std::unique_ptr<Front> make_kernel_front(const FrontOptions& options) {
  return std::make_unique<KernelFront>(options);
}

}  // namespace smolstack::lab
