#include <algorithm>
#include <sys/random.h>
#include <vector>

#include "smolstack/control/icmp_listener.hpp"
#include "smolstack/control/log.hpp"
#include "smolstack/io/impairment_device.hpp"
#include "smolstack/io/tap.hpp"
#include "smolstack/lab/front.hpp"
#include "smolstack/lab/machine_commands.hpp"
#include "smolstack/mirror/mirror.hpp"
#include "smolstack/mirror/tee.hpp"

// A machine with our stack on its wires, and the kernel of its namespace for its programs.
//
//   bridge ─ wire TAP ─ Impairment ─ Tee ─ EventLoop ─ Stack
//                                     └ mirror TAP (eth0 in the namespace) ─ kernel ─ programs

namespace smolstack::lab {
namespace {

using Result = Expected<void, Error>;

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  (void)!::getrandom(&seed, sizeof seed, 0);
  return seed;
}

StackOptions options_of(const topology::Machine& machine) {
  StackOptions options;
  options.seed = random_seed();
  options.host_sockets = true;
  options.settings.forwarding = machine.forwards();
  // As Linux does: nobody hears of an address before it is used.
  options.settings.arp_notify = false;
  return options;
}

/// Both ends of an interface: the wire's in the lab's namespace, the mirror's in the machine's.
struct Wire {
  const topology::Interface* interface;
  std::unique_ptr<io::TapDevice> device;  ///< until the loop has it
  io::TapDevice* wire;
  io::TapDevice* mirror = nullptr;
  IfIndex index = IfIndex::none;
};

class SmolFront final : public Front {
 public:
  explicit SmolFront(const FrontOptions& options)
      : options_(options),
        log_(control::log_of(options.machine.name)),
        stack_(options_of(options.machine)),
        loop_(options.context, stack_),
        icmp_(loop_) {
    loop_.on_report([this](const io::DeviceReport& report) { log(report); });
    loop_.on_conflict([this](const AddressConflict& conflict) { log(conflict); });
  }

  Result attach_wires() override {
    auto lab = io::Rtnetlink::open();
    if (!lab) return unexpected(lab.error());
    for (const auto& interface : options_.machine.interfaces)
      if (auto attached = attach_wire(*lab, interface); !attached) return attached;
    return {};
  }

  Result open_interfaces(io::Rtnetlink& machine) override {
    for (Wire& wire : wires_)
      if (auto opened = open_interface(machine, wire); !opened) return opened;
    return {};
  }

  Result start() override {
    std::vector<mirror::MirrorLink> links;
    for (const Wire& wire : wires_) links.push_back({wire.index, ifindexes_.at(links.size())});
    mirror_ = std::make_unique<mirror::Mirror>(loop_, std::move(links));
    return mirror_->start();
  }

  Result plug(const std::string& interface, bool in) override {
    const auto wire =
        std::ranges::find_if(wires_, [&](const Wire& w) { return w.interface->name == interface; });
    if (wire == wires_.end())
      return failed(std::errc::no_such_device,
                    "plugging " + interface + " of " + options_.machine.name);
    // The other machines see it at their bridge, the programs at their eth0, our stack by itself.
    if (auto set = wire->wire->set_carrier(in); !set) return set;
    if (auto set = wire->mirror->set_carrier(in); !set) return set;
    stack_.set_running(stack_.interfaces()[wire->index], in, io::EventLoop::now());
    return {};
  }

  std::shared_ptr<control::Commander> commander() override {
    control::Machine machine{stack_, loop_, options_.machine.name, &icmp_};
    machine.impairments = &impairments_;
    machine.complete_snapshot = [this](control::Json& row) {
      complete_snapshot(options_.machine, row);
    };
    return std::make_shared<control::MachineCommander>(std::move(machine), machine_commands());
  }

 private:
  Result attach_wire(io::Rtnetlink& lab, const topology::Interface& interface) {
    const std::string name = wire_name(options_.lab, options_.machine, interface);
    const topology::Network& network = *options_.lab.find_network(interface.network);
    auto device = io::TapDevice::open(
        {.name = name, .mtu = interface.mtu, .offload = options_.machine.offload});
    if (!device) return unexpected(device.error());
    const auto port = lab.find_link(name);
    if (!port) return unexpected(port.error());
    const auto bridge = lab.find_link(bridge_name(options_.lab, network));
    if (!bridge) return unexpected(bridge.error());
    if (auto set = lab.set_master(*port, *bridge); !set) return set;
    io::TapDevice* const wire = device->get();
    wires_.push_back({&interface, std::move(*device), wire});
    return {};
  }

  Result open_interface(io::Rtnetlink& machine, Wire& wire) {
    const MacAddress mac = topology::mac_of(options_.machine, *wire.interface);
    auto tap = io::TapDevice::open({.name = wire.interface->name,
                                    .mtu = wire.interface->mtu,
                                    .mac = mac,
                                    .up = false,
                                    .offload = options_.machine.offload});
    if (!tap) return unexpected(tap.error());
    // Plugged in by plug() when its link is up: only then does `ip link` show `state UP`.
    if (auto set = (*tap)->set_carrier(false); !set) return set;
    const auto ifindex = machine.find_link(wire.interface->name);
    if (!ifindex) return unexpected(ifindex.error());
    ifindexes_.push_back(*ifindex);
    wire.mirror = tap->get();
    wire.index =
        stack_
            .add_interface(
                {.name = wire.interface->name, .mac = mac, .mtu = wire.interface->mtu, .up = false})
            .index;
    tie(wire, std::move(*tap));
    return {};
  }

  void tie(Wire& wire, std::unique_ptr<io::TapDevice> mirror) {
    auto impaired = impairments_.wrap(wire.index, std::move(wire.device), wire_end(wire));
    impairments_.find(wire.index)->set(io::Direction::out, wire.interface->impair);
    auto tee = std::make_unique<mirror::Tee>(std::move(impaired), std::move(mirror));
    auto host_end = tee->host_end();
    loop_.attach(wire.index, std::move(tee));
    loop_.attach_host(wire.index, std::move(host_end));
  }

  io::WireEnd wire_end(const Wire& wire) {
    return {options_.machine.name + ":" + wire.interface->name, random_seed()};
  }

  void log(const io::DeviceReport& report) {
    const auto level = report.is_error ? spdlog::level::warn : spdlog::level::info;
    control::log_limited(reports_, io::EventLoop::now(), *log_, level,
                         stack_.interfaces()[report.interface].name + ": " + report.text);
  }
  void log(const AddressConflict& conflict) {
    control::log_limited(conflicts_, io::EventLoop::now(), *log_, spdlog::level::warn,
                         stack_.interfaces()[conflict.interface].name + ": " +
                             to_string(conflict.address) + " is used by " +
                             to_string(conflict.other) + " too (RFC 5227 §2.4)");
  }

  FrontOptions options_;
  std::shared_ptr<spdlog::logger> log_;
  control::LogLimit reports_;
  control::LogLimit conflicts_;
  Stack stack_;
  std::vector<Wire> wires_;
  std::vector<unsigned> ifindexes_;  ///< of the mirrors, in the machine's namespace
  io::Impairments impairments_;
  io::EventLoop loop_;
  control::IcmpListener icmp_;
  std::unique_ptr<mirror::Mirror> mirror_;
};

}  // namespace

std::unique_ptr<Front> make_smol_front(const FrontOptions& options) {
  return std::make_unique<SmolFront>(options);
}

}  // namespace smolstack::lab
