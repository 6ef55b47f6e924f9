#include "smolstack/lab/machine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smolstack/control/local_socket.hpp"
#include "smolstack/control/server.hpp"
#include "smolstack/lab/command_runner.hpp"
#include "smolstack/lab/front.hpp"
#include "smolstack/lab/machine_commander.hpp"
#include "smolstack/lab/machine_files.hpp"
#include "smolstack/lab/namespaces.hpp"
#include "smolstack/mirror/sysctls.hpp"

namespace smolstack::lab {
namespace {

using control::Json;
using Result = Expected<void, Error>;

constexpr std::size_t longest_packet = 64u << 10;
/// How long a start-up script may take before the machine counts as started without it.
constexpr auto longest_start_up = std::chrono::seconds(2);
constexpr auto settle_poll = std::chrono::milliseconds(10);

std::vector<std::string> environment_of(const topology::Machine& machine) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (!std::string_view(*variable).starts_with("HOSTNAME=") &&
        !std::string_view(*variable).starts_with("PATH="))
      variables.emplace_back(*variable);
  const char* const path = std::getenv("PATH");
  variables.push_back("HOSTNAME=" + machine.hostname);
  variables.push_back(
      "PATH=" + std::string(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path) +
      ":/usr/local/sbin:/usr/sbin:/sbin");
  return variables;
}

/// A file that is no program of its own is for the shell.
std::vector<std::string> runnable(std::vector<std::string> words) {
  if (words.size() == 1 && ::access(words.front().c_str(), X_OK) != 0 &&
      ::access(words.front().c_str(), R_OK) == 0)
    words.insert(words.begin(), "sh");
  return words;
}

/// What runs when the machine starts, in this order: its script, then its command.
std::vector<std::vector<std::string>> start_up_programs(const topology::Machine& machine) {
  std::vector<std::vector<std::string>> programs;
  if (machine.start_up) programs.push_back(runnable({machine.start_up->native()}));
  std::vector<std::string> command = machine.command;
  // A Dockerfile's COPY may have nowhere to go here: its file is run where it lies.
  for (std::string& word : command)
    for (const auto& [from, to] : machine.copies)
      if (word == to && ::access(to.c_str(), R_OK) != 0) word = from;
  if (!command.empty()) programs.push_back(runnable(std::move(command)));
  return programs;
}

class MachineProcess {
 public:
  explicit MachineProcess(MachineStart& start)
      : lab_(start.lab),
        machine_(start.machine),
        paths_(start.paths),
        channel_(context_, start.channel.number()),
        signals_(context_, SIGTERM, SIGINT),
        runner_(context_, environment_of(machine_), lab_.directory),
        patience_(context_) {
    const FrontOptions options{context_, lab_, machine_};
    front_ = machine_.stack == topology::StackKind::kernel ? make_kernel_front(options)
                                                           : make_smol_front(options);
  }

  Result open();
  void run();
  void say(const Json& message);

 private:
  Result open_devices();
  Result configure(io::Rtnetlink& kernel);
  Result configure(io::Rtnetlink& kernel, const topology::Interface& interface);
  Result set_sysctls();
  void end();
  void listen();
  void obey(const Json& order);
  void start_up();
  void start_next();
  void wait_for_start_up(pid_t script, std::chrono::steady_clock::time_point end);
  void started();
  void run_stage(const std::string& name);
  void run_next();
  void problem(const std::string& what, const CommandEnd& end);
  void done(const std::string& what);

  const topology::Lab& lab_;
  const topology::Machine& machine_;
  const LabPaths& paths_;
  boost::asio::io_context context_;
  boost::asio::posix::stream_descriptor channel_;
  boost::asio::signal_set signals_;
  CommandRunner runner_;
  boost::asio::steady_timer patience_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<control::Server> server_;
  std::vector<std::vector<std::string>> start_programs_;  ///< still to run, last first
  std::vector<topology::Command> pending_;                ///< of the stage, last first
  std::vector<std::string> problems_;
  bool starting_ = false;
};

Result MachineProcess::open() {
  if (::sethostname(machine_.hostname.c_str(), machine_.hostname.size()) != 0)
    return failed(errno, "setting the host name");
  auto listener = control::LocalListener::claim(paths_.socket_of(machine_.name));
  if (!listener) return unexpected(listener.error());
  if (auto opened = front_->attach_wires(); !opened) return opened;
  if (::unshare(CLONE_NEWNET) != 0) return failed(errno, "making a network namespace");
  if (auto mounted = mount_machine(machine_, paths_.directory()); !mounted) return mounted;
  switch_ipv6_off();
  if (auto opened = open_devices(); !opened) return opened;
  server_ = std::make_unique<control::Server>(
      context_, std::make_shared<LabMachineCommander>(front_->commander(), *front_),
      std::move(*listener));
  return {};
}

Result MachineProcess::open_devices() {
  auto kernel = io::Rtnetlink::open();
  if (!kernel) return unexpected(kernel.error());
  if (auto set = set_sysctls(); !set) return set;
  if (auto opened = front_->open_interfaces(*kernel); !opened) return opened;
  if (auto started = front_->start(); !started) return started;
  return configure(*kernel);
}

/// What the file says comes later, when there are interfaces to say it of.
Result MachineProcess::set_sysctls() {
  (void)write_proc("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
  (void)write_proc("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
  return write_proc("/proc/sys/net/ipv4/ip_forward", machine_.forwards() ? "1" : "0");
}

Result MachineProcess::configure(io::Rtnetlink& kernel) {
  const auto lo = kernel.find_link("lo");
  if (!lo) return unexpected(lo.error());
  if (auto up = kernel.set_up(*lo); !up) return up;
  for (const auto& interface : machine_.interfaces)
    if (auto done = configure(kernel, interface); !done) return done;
  for (const auto& sysctl : machine_.sysctls)
    if (auto set = mirror::write_sysctl({sysctl.name, sysctl.value}); !set) {
      set.error().doing = to_string(sysctl.place) + ": " + set.error().doing;
      return set;
    }
  return {};
}

Result MachineProcess::configure(io::Rtnetlink& kernel, const topology::Interface& interface) {
  const auto link = kernel.find_link(interface.name);
  if (!link) return unexpected(link.error());
  if (interface.address)
    if (auto added = kernel.add_address(*link, *interface.address); !added) return added;
  if (interface.up)
    if (auto up = kernel.set_up(*link); !up) return up;
  return front_->plug(interface.name, true);
}

void MachineProcess::say(const Json& message) {
  const std::string text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  (void)::send(channel_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL);
}

void MachineProcess::run() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) end();
  });
  listen();
  say({{"ready", true}});
  context_.run();
}

/// Everybody else here may end in good order; the kernel ends who does not.
void MachineProcess::end() {
  (void)::kill(-1, SIGTERM);
  server_.reset();
  context_.stop();
}

void MachineProcess::listen() {
  channel_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        std::array<char, longest_packet> packet;
                        const auto size = ::recv(channel_.native_handle(), packet.data(),
                                                 packet.size(), MSG_DONTWAIT);
                        if (size == 0) return context_.stop();  // the supervisor has gone
                        if (size > 0)
                          obey(Json::parse(packet.begin(), packet.begin() + size, nullptr, false));
                        listen();
                      });
}

void MachineProcess::obey(const Json& order) {
  if (!order.is_object()) return;
  const std::string what = order.value("do", "");
  if (what == "end") end();
  if (what == "start") start_up();
  if (what == "stage") run_stage(order.value("name", ""));
}

// --- The start-up script -------------------------------------------------------------------------

void MachineProcess::start_up() {
  start_programs_ = start_up_programs(machine_);
  std::ranges::reverse(start_programs_);
  starting_ = true;
  start_next();
}

/// The next begins when the one before has ended; one that stays is the last.
void MachineProcess::start_next() {
  if (start_programs_.empty()) return started();
  const auto words = std::move(start_programs_.back());
  start_programs_.pop_back();
  const pid_t script = runner_.start(words, [this, name = words.back()](const CommandEnd& end) {
    if (end.exit != 0) problem(name, end);
    start_next();
  });
  if (script != 0) wait_for_start_up(script, std::chrono::steady_clock::now() + longest_start_up);
}

/// Many scripts end in `sleep infinity`, as a container's must: they count as started, too.
void MachineProcess::wait_for_start_up(pid_t script, std::chrono::steady_clock::time_point end) {
  patience_.expires_after(settle_poll);
  patience_.async_wait([this, script, end](const boost::system::error_code& error) {
    if (error || !starting_) return;
    if (has_settled(script) || std::chrono::steady_clock::now() >= end) return started();
    wait_for_start_up(script, end);
  });
}

void MachineProcess::started() {
  if (!std::exchange(starting_, false)) return;
  done("start");
}

// --- A stage's commands --------------------------------------------------------------------------

void MachineProcess::run_stage(const std::string& name) {
  pending_.clear();
  if (const topology::Stage* const stage = lab_.find_stage(name))
    for (const auto& [machine, commands] : stage->exec)
      if (machine == machine_.name)
        pending_.insert(pending_.begin(), commands.rbegin(), commands.rend());
  run_next();
}

void MachineProcess::run_next() {
  if (pending_.empty()) return done("stage");
  const topology::Command command = std::move(pending_.back());
  pending_.pop_back();
  runner_.start({"sh", "-c", command.text}, [this, command](const CommandEnd& end) {
    if (end.exit != 0) problem(to_string(command.place) + ": `" + command.text + "`", end);
    run_next();
  });
}

void MachineProcess::problem(const std::string& what, const CommandEnd& end) {
  std::string text = machine_.name + ": " + what + " ended with " + std::to_string(end.exit);
  if (!end.output.empty()) text += ": " + end.output;
  while (text.ends_with('\n')) text.pop_back();
  problems_.push_back(text);
}

void MachineProcess::done(const std::string& what) {
  say({{"done", what}, {"problems", std::exchange(problems_, {})}});
}

}  // namespace

int run_machine(MachineStart start) {
  MachineProcess process(start);
  (void)start.channel.release();
  if (const auto opened = process.open(); !opened) {
    process.say({{"failed", opened.error().message()}});
    return 2;
  }
  process.run();
  return 0;
}

}  // namespace smolstack::lab
