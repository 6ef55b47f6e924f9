#include <algorithm>
#include <array>
#include <memory>
#include <sstream>

#include <boost/asio/io_context.hpp>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/admin/sysctl_command.hpp"
#include "smolstack/inspect/revive.hpp"
#include "smolstack/inspect/snapshot_command.hpp"
#include "smolstack/io/event_loop.hpp"

// Commands on snapshots. The handlers are those of a running machine.

namespace smolstack::inspect {
namespace {

using control::Outcome;
using control::Words;
namespace exit_code = control::exit_code;

/// Keeps how a command ended; what it shows is of no interest.
class OutcomeOnly : public control::Reply {
 public:
  explicit OutcomeOnly(Outcome& outcome) : outcome_(outcome) {}
  void data(const control::Json&) override {}
  void finish(int exit) override { outcome_.exit = exit; }
  void fail(int exit, std::string_view error) override { outcome_ = {exit, std::string(error)}; }

 private:
  Outcome& outcome_;
};

/// What the stack cannot know goes on as it was.
void keep(const MachineSnapshot& before, MachineSnapshot& after) {
  after.stack = before.stack;
  after.running = before.running;
  after.listening = before.listening;
  after.hosts = before.hosts;
  after.rp_filter = before.rp_filter;
  for (InterfaceSnapshot& interface : after.interfaces) {
    const InterfaceSnapshot* const old = before.find(interface.name);
    if (old == nullptr) continue;
    interface.network = old->network;
    interface.rp_filter = old->rp_filter;
  }
}

Outcome on_a_stack(MachineSnapshot& snapshot, control::Handler handler, const Words& words) {
  StackOptions options;
  options.pool = {.small = 16, .large = 0};
  const auto stack = revive(snapshot, options);
  boost::asio::io_context context;
  io::EventLoop loop(context, *stack);
  control::Machine machine{*stack, loop, snapshot.name};
  Outcome outcome;
  (void)handler(machine, words, std::make_shared<OutcomeOnly>(outcome));
  if (outcome.exit != exit_code::done) return outcome;
  MachineSnapshot after = snapshot_of(*stack, snapshot.name);
  keep(snapshot, after);
  snapshot = std::move(after);
  return outcome;
}

Outcome refused(std::string why) {
  return {exit_code::wrong, std::move(why)};
}

/// net.ipv4.conf.IF.forwarding and .rp_filter, which belong to interfaces. False: it is another.
bool set_of_interface(MachineSnapshot& machine, std::string_view name, std::string_view value) {
  constexpr std::string_view conf = "net.ipv4.conf.";
  if (!name.starts_with(conf) || value.size() != 1 || value[0] < '0' || value[0] > '2')
    return false;
  name.remove_prefix(conf.size());
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos) return false;
  InterfaceSnapshot* const interface = machine.find(name.substr(0, dot));
  const bool is_of_all = name.substr(0, dot) == "all";
  if (interface == nullptr && !is_of_all) return false;
  if (name.substr(dot + 1) == "rp_filter") {
    (is_of_all ? machine.rp_filter : interface->rp_filter) =
        static_cast<std::uint8_t>(value[0] - '0');
    return true;
  }
  // conf.all.forwarding is ip_forward by another name.
  if (is_of_all || name.substr(dot + 1) != "forwarding") return false;
  interface->forwarding = value != "0";
  return true;
}

Outcome set(MachineSnapshot& machine, std::string name, const std::string& value) {
  std::ranges::replace(name, '/', '.');
  if (set_of_interface(machine, name, value)) return {};
  Outcome outcome = on_a_stack(machine, &control::sysctl_handler, {name + '=' + value});
  const bool is_forwarding =
      name == "net.ipv4.ip_forward" || name == "net.ipv4.conf.all.forwarding";
  // Linux: writing it writes that of every interface.
  if (outcome.exit == exit_code::done && is_forwarding)
    for (InterfaceSnapshot& interface : machine.interfaces) interface.forwarding = true;
  return outcome;
}

Outcome sysctl(MachineSnapshot& machine, const Words& words) {
  for (const std::string& word : words) {
    if (word.starts_with('-')) continue;
    const std::size_t equals = word.find('=');
    if (equals == word.npos) continue;  // it only asks
    Outcome outcome = set(machine, word.substr(0, equals), word.substr(equals + 1));
    if (outcome.exit != exit_code::done) return outcome;
  }
  return {};
}

Outcome set_cable(LabSnapshot& lab, const std::string& end, const std::string& state) {
  const std::size_t colon = end.find(':');
  MachineSnapshot* const machine = lab.find(end.substr(0, colon));
  InterfaceSnapshot* const interface =
      machine == nullptr || colon == end.npos ? nullptr : machine->find(end.substr(colon + 1));
  if (interface == nullptr || (state != "up" && state != "down"))
    return refused("link: NODE:INTERFACE up|down is wanted, not " + end + ' ' + state);
  interface->carrier = state == "up";
  return {};
}

Outcome restart(LabSnapshot& lab, const std::string& name) {
  MachineSnapshot* const machine = lab.find(name);
  if (machine == nullptr) return refused("restart: there is no machine " + name);
  machine->running = true;
  return {};
}

}  // namespace

Words words_of(std::string_view text) {
  Words words;
  std::istringstream stream{std::string(text)};
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Outcome apply(MachineSnapshot& machine, const Words& words) {
  if (words.empty()) return {};
  const Words rest(words.begin() + 1, words.end());
  const std::string program = words.front().substr(words.front().rfind('/') + 1);
  if (program == "ip") return on_a_stack(machine, &control::ip_handler, rest);
  if (program == "sysctl") return sysctl(machine, rest);
  return refused(program + ": nothing is known of what this does to a machine");
}

Outcome apply(LabSnapshot& lab, std::string_view node, std::string_view command) {
  const Words words = words_of(command);
  if (words.size() == 4 && words[0] == "smolstack" && words[1] == "link")
    return set_cable(lab, words[2], words[3]);
  if (words.size() == 3 && words[0] == "smolstack" && words[1] == "restart")
    return restart(lab, words[2]);
  MachineSnapshot* const machine = lab.find(node);
  if (machine == nullptr) return refused("there is no machine " + std::string(node));
  return apply(*machine, words);
}

}  // namespace smolstack::inspect
