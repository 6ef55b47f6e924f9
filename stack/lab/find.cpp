#include "smolstack/lab/find.hpp"

#include <algorithm>
#include <cstdlib>

#include "smolstack/control/client.hpp"
#include "smolstack/control/local_socket.hpp"
#include "smolstack/control/run_directory.hpp"

namespace smolstack::lab {
namespace {

using control::ControlSocket;
using control::Outcome;

auto wrong(std::string text) {
  return unexpected(Outcome{control::exit_code::wrong, std::move(text)});
}

Outcome not_running(std::string_view name, const ControlSocket& socket, const Error& why) {
  Outcome outcome = control::not_running(name, why);
  if (!socket.lab.empty() && why.code == std::errc::connection_refused)
    outcome.error = "machine \"" + std::string(name) + "\" of lab " + socket.lab +
                    " has ended; `smolstack ps` says why, `smolstack restart` starts it again";
  return outcome;
}

Expected<FoundMachine, Outcome> reach(std::string_view name, const ControlSocket& socket) {
  const auto connection = control::connect_local(socket.path);
  if (!connection) return unexpected(not_running(name, socket, connection.error()));
  const auto peer = control::peer_of(connection->number());
  if (!peer || peer->pid == 0)
    return wrong("the process of \"" + std::string(name) +
                 "\" cannot be seen from here; ask from where its lab was started");
  return FoundMachine{std::string(name), socket.lab, socket.path, peer->pid};
}

Expected<FoundMachine, Outcome> find_host(std::string_view lab) {
  const auto chosen = choose_lab(lab);
  if (!chosen) return unexpected(chosen.error());
  return reach(host_name, {control::lab_path(*chosen), *chosen});
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Expected<FoundMachine, Outcome> find_machine(std::string_view name, std::string_view lab) {
  const auto slash = name.find('/');
  if (name.substr(slash == std::string_view::npos ? 0 : slash + 1) == host_name)
    return find_host(slash == std::string_view::npos ? lab : name.substr(0, slash));
  const auto sockets = control::control_sockets(name, lab);
  if (sockets.size() > 1) return unexpected(control::ambiguous(name, sockets));
  const bool is_pair = slash != std::string_view::npos && !sockets.front().lab.empty();
  return reach(is_pair ? name.substr(slash + 1) : name, sockets.front());
}

Expected<std::string, Outcome> choose_lab(std::string_view lab) {
  if (!lab.empty()) return std::string(lab);
  if (const char* const chosen = std::getenv("SMOLSTACK_LAB"); chosen != nullptr && *chosen != '\0')
    return std::string(chosen);
  const auto labs = control::running_labs();
  if (labs.empty()) return wrong("no lab is running; start one with: smolstack up LAB");
  if (labs.size() > 1)
    return wrong("several labs are running: " + listed(labs) +
                 "; say which with --lab NAME, or set SMOLSTACK_LAB");
  return labs.front();
}

std::vector<FoundMachine> machines_of(const std::string& lab) {
  std::vector<FoundMachine> found;
  for (const auto& machine : control::running_machines())
    if (machine.lab == lab && !lab.empty())
      found.push_back({machine.name, lab,
                       control::lab_path(lab).parent_path() / (machine.name + ".sock"),
                       machine.pid});
  return found;
}

}  // namespace smolstack::lab
