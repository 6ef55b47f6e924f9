#include "running_node.hpp"

#include <csignal>

#include "open_device.hpp"
#include "smolstack/control/log.hpp"
#include "smolstack/control/run_directory.hpp"
#include "smolstack/node/commands.hpp"
#include "smolstack/node/node_setup.hpp"

namespace smolstack::tools {
namespace {

using control::Complaint;
using control::InterfaceConfig;

constexpr Duration conflict_interval = std::chrono::minutes(1);

std::filesystem::path socket_path(const control::NodeConfig& config) {
  return config.control.empty() ? control::control_path(config.label())
                                : std::filesystem::path(config.control);
}

std::shared_ptr<spdlog::logger> make_log(const control::NodeConfig& config) {
  control::set_up_log(*control::parse_log_level(config.log_level));
  return control::log_of(config.label());
}

std::string addresses_of(const InterfaceConfig& interface) {
  std::string text;
  for (const Ipv4Subnet& subnet : interface.addresses) text += to_string(subnet) + ' ';
  return text.empty() ? "without an address " : text;
}

}  // namespace

RunningNode::RunningNode(control::NodeConfig config, Reread reread)
    : config_(std::move(config)),
      reread_(std::move(reread)),
      log_(make_log(config_)),
      workers_(config_.workers),
      stack_(control::stack_options(config_)),
      loop_(context_, stack_),
      icmp_(loop_),
      signals_(context_, SIGINT, SIGTERM, SIGHUP) {
  std::signal(SIGPIPE, SIG_IGN);
}

Expected<void, Complaint> RunningNode::open() {
  if (auto done = control::configure(stack_, config_, io::EventLoop::now()); !done) return done;
  auto listener = claim_socket();
  if (!listener) return unexpected(listener.error());
  listen_to_loop();
  for (const InterfaceConfig& interface : config_.interfaces) {
    if (auto done = open_device(interface); !done) return done;
    say_ready(interface);
  }
  log_->info("ready, control {}", listener->path().native());
  server_ = std::make_unique<control::Server>(
      context_, control::Machine{stack_, loop_, config_.label(), &icmp_, &impairments_},
      std::move(*listener), control::commands());
  return {};
}

Expected<control::LocalListener, Complaint> RunningNode::claim_socket() {
  const std::filesystem::path path = socket_path(config_);
  if (config_.control.empty())
    if (const auto made = control::make_run_directory(path.parent_path()); !made)
      return unexpected(Complaint(made.error().message() + "; give another socket with --control"));
  auto listener = control::LocalListener::claim(path);
  if (listener) return std::move(*listener);
  const bool taken = listener.error().code == std::errc::address_in_use;
  const std::string mend = taken ? "; end that one, or give this one another --name"
                                 : "; give another socket with --control";
  return unexpected(Complaint(listener.error().message() + mend));
}

Expected<void, Complaint> RunningNode::open_device(const InterfaceConfig& interface) {
  const IfIndex index = stack_.interfaces().find(interface.label())->index;
  auto device = config_.workers == 0
                    ? tools::open_device(interface, config_.offload)
                    : tools::open_device(interface, config_.offload, index, workers_);
  if (!device) return unexpected(device.error());
  const io::WireEnd end{config_.label() + ':' + interface.label(), config_.seed.value_or(0)};
  auto wire = std::make_unique<io::Impairment>(std::move(*device), end);
  wire->set(io::Direction::out, interface.impairment);
  impairments_.add(index, *wire);
  loop_.attach(index, std::move(wire));
  return {};
}

void RunningNode::say_ready(const InterfaceConfig& interface) {
  const Interface& made = *stack_.interfaces().find(interface.label());
  const std::string mac = made.link == LinkType::ethernet ? to_string(made.mac) + ' ' : "";
  log_->info("{} {} {}{}mtu {}", made.name, interface.device, addresses_of(interface), mac,
             made.mtu);
}

void RunningNode::listen_to_loop() {
  loop_.on_report([this](const io::DeviceReport& report) {
    const std::string& name = stack_.interfaces()[report.interface].name;
    const auto level = report.is_error ? spdlog::level::warn : spdlog::level::info;
    control::log_limited(reports_, io::EventLoop::now(), *log_, level, name + ": " + report.text);
  });
  loop_.on_conflict([this](const AddressConflict& conflict) { report_conflict(conflict); });
}

void RunningNode::report_conflict(const AddressConflict& conflict) {
  const auto [last, is_first] = conflicts_.try_emplace(conflict.address, conflict.at);
  if (!is_first && conflict.at - last->second < conflict_interval) return;
  last->second = conflict.at;
  log_->warn("{}: {} is used by {} too; give one of the two another address (RFC 5227 §2.4)",
             stack_.interfaces()[conflict.interface].name, to_string(conflict.address),
             to_string(conflict.other));
}

void RunningNode::start_workers() {
  if (config_.workers == 0) return;
  workers_.start(stack_, [this](IfIndex index) {
    const io::Impairment* const wire = impairments_.find(index);
    return wire != nullptr && !wire->is_idle();
  });
  loop_.on_flushed([this] { workers_.follow(stack_); });
  loop_.on_refresh([this] { workers_.account(stack_); });
  log_->info("{} workers forward", config_.workers);
}

void RunningNode::run() {
  wait_for_signal();
  start_workers();
  loop_.flush();
  context_.run();
  workers_.stop();
  log_->info("stopped");
}

void RunningNode::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) handle_signal(signal);
  });
}

void RunningNode::handle_signal(int signal) {
  if (signal == SIGHUP) {
    reload();
    return wait_for_signal();
  }
  // From here on a second signal has its default effect: it ends the process at once.
  signals_.clear();
  server_.reset();
  loop_.close();
  context_.stop();
}

void RunningNode::reload() {
  auto fresh = reread_();
  if (!fresh) return log_->error("SIGHUP: nothing is changed: {}", fresh.error());
  fresh->seed = config_.seed;
  const auto changes = control::reconfigure(stack_, config_, *fresh, io::EventLoop::now());
  for (const std::string& change : changes) log_->info("SIGHUP: {}", change);
  if (changes.empty()) log_->info("SIGHUP: nothing has changed");
  config_ = control::as_running(config_, *fresh);
  loop_.flush();
}

}  // namespace smolstack::tools
