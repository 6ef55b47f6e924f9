#include "smolstack/topology/map.hpp"
#include "smolstack/topology/map_layout.hpp"

namespace smolstack::topology {
namespace {

constexpr std::size_t address_width = 12;

class Text {
 public:
  Text(const Lab& lab, const MapState& state) : lab_(lab), state_(state) {}

  std::string run() {
    for (const std::size_t index : order_bars(lab_)) add_network(lab_.networks[index]);
    for (const Machine& machine : lab_.machines)
      if (machine.interfaces.empty()) text_ += machine.name + ": on no network\n";
    return std::move(text_);
  }

 private:
  void add_network(const Network& network) {
    if (!text_.empty()) text_ += '\n';
    text_ += network.name;
    if (network.subnet) text_ += "  " + to_string(*network.subnet);
    text_ += '\n';
    if (network.host) add_line(to_string(network.host->address), "this lab");
    for (const Machine& machine : lab_.machines)
      for (const Interface& interface : machine.interfaces)
        if (interface.network == network.name)
          add_line(short_address(interface), machine.name + notes_of(machine, interface));
  }

  void add_line(std::string address, const std::string& rest) {
    const std::size_t letters = address == "\u2013" ? 1 : address.size();
    if (letters < address_width) address.append(address_width - letters, ' ');
    text_ += "  " + address + ' ' + rest + '\n';
  }

  /// " (router, eth1; also on ten-two-net)"
  std::string notes_of(const Machine& machine, const Interface& interface) const {
    std::string notes;
    const auto note = [&notes](const std::string& text) {
      notes += (notes.empty() ? "" : ", ") + text;
    };
    if (machine.is_router) note("router");
    if (machine.stack == StackKind::kernel) note("kernel");
    if (state_.dead.contains(machine.name)) note("not running");
    if (state_.unplugged.contains({machine.name, interface.name})) note(interface.name + " out");
    if (machine.interfaces.size() > 1)
      note(interface.name + "; also on " + others(machine, interface));
    return notes.empty() ? "" : "  (" + notes + ')';
  }

  static std::string others(const Machine& machine, const Interface& interface) {
    std::string names;
    for (const Interface& other : machine.interfaces)
      if (other.name != interface.name) names += (names.empty() ? "" : ", ") + other.network;
    return names;
  }

  const Lab& lab_;
  const MapState& state_;
  std::string text_;
};

}  // namespace

std::string map_text(const Lab& lab, const MapState* running) {
  const MapState as_written;
  return Text(lab, running != nullptr ? *running : as_written).run();
}

}  // namespace smolstack::topology
