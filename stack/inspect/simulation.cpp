#include "smolstack/inspect/simulation.hpp"

#include <algorithm>

#include "smolstack/inspect/revive.hpp"
#include "smolstack/wire/ethernet.hpp"

// The lab itself: stacks, wires, the clock. What is seen of the probe is simulation_watch.cpp's.

namespace smolstack::inspect {
namespace {

// Away from the clock's own beginning, where everything is due.
constexpr Instant beginning{std::chrono::seconds(1000)};
// The largest datagram is 45 fragments of 1,500 bytes, there and back.
constexpr PoolSizes pool_sizes{.small = 512, .large = 4};

/// RFC 7042 §2.1: locally administered, for machines whose link address nobody told.
MacAddress made_up_mac(std::size_t machine, std::size_t interface) {
  return {{0x02, 0x53, static_cast<std::uint8_t>(machine >> 16),
           static_cast<std::uint8_t>(machine >> 8), static_cast<std::uint8_t>(machine),
           static_cast<std::uint8_t>(interface)}};
}

std::optional<Role> role_of_frame(ConstBytes frame, Ipv4Address destination) {
  constexpr std::size_t headers = sizeof(wire::EthernetHeader) + sizeof(wire::Ipv4Header);
  if (frame.size() < headers) return std::nullopt;
  if (header_at<wire::EthernetHeader>(frame).type != ether_type::ipv4) return std::nullopt;
  const ConstBytes datagram = frame.subspan(sizeof(wire::EthernetHeader));
  const auto& ip = header_at<wire::Ipv4Header>(datagram);
  return role_of(ip, datagram.subspan(ip.header_length()), destination);
}

}  // namespace

Simulation::Simulation(const LabSnapshot& lab, const Probe& like, const SimulationLimits& limits)
    : lab_(lab), probe_(like), limits_(limits), now_(beginning), end_(beginning) {
  for (const MachineSnapshot& machine : lab_.machines)
    if (machine.running) add_station(machine);
}

/// Whoever asks has a socket for the answer, and whoever listens one for the question: their
/// kernels take the datagrams in without a word.
bool Simulation::serves(const MachineSnapshot& machine) const {
  return std::ranges::any_of(machine.listening, [&](const ListeningPort& each) {
    const bool is_address_right =
        each.address.is_unspecified() || each.address == probe_.destination;
    return each.protocol == probe_.protocol && each.port == probe_.port && is_address_right;
  });
}

void Simulation::add_station(const MachineSnapshot& machine) {
  const bool asks = machine.name == probe_.from && machine.holder_of(probe_.destination) == nullptr;
  StackOptions options;
  options.seed = stations_.size() + 1;
  options.pool = pool_sizes;
  options.host_sockets = probe_.protocol != ip_protocol::icmp && (asks || serves(machine));
  // One packet is sent, and what it teaches must not mislead the next run.
  options.settings.accept_redirects = false;
  stations_.push_back(std::make_unique<Station>(Station{machine, revive(machine, options)}));
  Station& station = *stations_.back();
  station.stack->listen_icmp(true);
  station.drops.resize(station.stack->interfaces().size());
  for (const InterfaceSnapshot& interface : machine.interfaces) plug(station, interface);
}

void Simulation::plug(Station& station, const InterfaceSnapshot& interface) {
  Interface& own = *station.stack->interfaces().find(interface.name);
  if (own.mac.is_zero()) own.mac = made_up_mac(stations_.size(), station.ports.size());
  station.ports.push_back(std::make_unique<Port>(Port{station, own}));
  if (interface.network.empty()) return;
  const auto name = std::ranges::find(wire_names_, interface.network);
  const auto wire = static_cast<std::size_t>(name - wire_names_.begin());
  if (name == wire_names_.end()) {
    wire_names_.push_back(interface.network);
    wires_.emplace_back();
  }
  station.ports.back()->wire = wire;
  wires_[wire].push_back(station.ports.back().get());
}

Stack* Simulation::stack_of(std::string_view machine) {
  const auto at = std::ranges::find_if(
      stations_, [&](const auto& station) { return station->machine.name == machine; });
  return at == stations_.end() ? nullptr : (*at)->stack.get();
}

// --- The clock ---------------------------------------------------------------------------------

Trace Simulation::run(const Probe& probe) {
  probe_ = probe;
  trace_ = Trace();
  trace_.destination = probe.destination;
  is_answered_for_ = false;
  end_ = now_ + limits_.time;
  frames_allowed_ = frames_ + limits_.frames;
  const auto from = std::ranges::find_if(
      stations_, [&](const auto& station) { return station->machine.name == probe.from; });
  if (from == stations_.end()) return std::move(trace_);
  send(**from);
  do settle();
  while (is_something_waiting() && advance());
  in_flight_.clear();
  return std::move(trace_);
}

void Simulation::settle() {
  while (!in_flight_.empty() && frames_ < frames_allowed_) {
    const Frame frame = std::move(in_flight_.front());
    in_flight_.pop_front();
    carry(frame);
  }
}

/// Packets that wait for a neighbour, or fragments for the others.
bool Simulation::is_something_waiting() const {
  return std::ranges::any_of(stations_, [](const auto& station) {
    return station->stack->arp().cache().waiting().level() > 0 ||
           station->stack->reassembly().datagrams().level() > 0;
  });
}

/// To the next deadline; false: there is none in the time that is allowed.
bool Simulation::advance() {
  std::optional<Instant> next;
  for (const auto& station : stations_)
    if (const auto at = station->stack->next_deadline(); at && (!next || *at < *next)) next = at;
  if (!next || *next > end_ || frames_ >= frames_allowed_) return false;
  now_ = std::max(now_, *next);
  for (const auto& station : stations_) {
    const auto due = station->stack->next_deadline();
    if (!due || *due > now_) continue;
    station->stack->advance(now_);
    look_at({*station});
  }
  return true;
}

// --- The wires ---------------------------------------------------------------------------------

/// What the machine has to send goes onto its wires.
void Simulation::collect(Station& station) {
  for (const auto& port : station.ports) {
    if (port->interface.outgoing.empty()) continue;
    Batch batch;
    while (station.stack->drain(port->interface.index, batch)) {
      for (const Packet& packet : batch.packets()) {
        Frame frame{port.get(), {packet.bytes().begin(), packet.bytes().end()}};
        frame.role = role_of_frame(frame.bytes, probe_.destination);
        watch_departure(frame);
        in_flight_.push_back(std::move(frame));
      }
      batch.clear();
    }
  }
}

/// A wire is a switch that knows everybody: a frame goes to the port that it names, and to all
/// others when it names a group.
void Simulation::carry(const Frame& frame) {
  ++frames_;
  const MacAddress to = header_at<wire::EthernetHeader>(ConstBytes(frame.bytes)).destination;
  bool is_taken = to.is_group();
  if (frame.from->wire != nowhere) {
    for (Port* const port : wires_[frame.from->wire]) {
      if (port == frame.from || !port->interface.usable()) continue;
      if (!to.is_group() && port->interface.mac != to) continue;
      is_taken = true;
      take_in(*port, frame);
    }
  }
  if (!is_taken && (frame.role == Role::request || frame.role == Role::reply))
    note_loss({frame.from->station}, frame.role == Role::request ? Leg::request : Leg::reply,
              DropReason::other_mac);
}

void Simulation::take_in(Port& port, const Frame& frame) {
  Stack& stack = *port.station.stack;
  Packet packet = stack.pool().allocate(frame.bytes.size());
  if (!packet) return;
  std::ranges::copy(frame.bytes, packet.append(frame.bytes.size()).begin());
  Batch batch;
  batch.push(std::move(packet));
  watch_arrival(port, frame);
  stack.receive(port.interface.index, batch, now_);
  look_at({port.station, frame.role, &port.interface});
}

}  // namespace smolstack::inspect
