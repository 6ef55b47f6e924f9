#pragma once
// One machine as a process: its stack, its devices, its control socket, its signals.

#include <functional>
#include <map>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/logger.h>

#include "smolstack/control/icmp_listener.hpp"
#include "smolstack/control/log.hpp"
#include "smolstack/control/server.hpp"
#include "smolstack/io/event_loop.hpp"
#include "smolstack/io/impairment_device.hpp"
#include "smolstack/io/workers.hpp"
#include "smolstack/node/node_config.hpp"

namespace smolstack::tools {

/// Reads flags and file again, as at the start.
using Reread = std::function<Expected<control::NodeConfig, control::Complaint>()>;

class RunningNode {
 public:
  /// `config` has been validated and has a seed.
  RunningNode(control::NodeConfig config, Reread reread);

  /// Claims the name, opens the devices. What was opened goes with this object.
  Expected<void, control::Complaint> open();
  /// Until SIGINT or SIGTERM.
  void run();

 private:
  Expected<control::LocalListener, control::Complaint> claim_socket();
  Expected<void, control::Complaint> open_device(const control::InterfaceConfig& interface);
  void listen_to_loop();
  void start_workers();
  void report_conflict(const AddressConflict& conflict);
  void wait_for_signal();
  void handle_signal(int signal);
  void reload();
  void say_ready(const control::InterfaceConfig& interface);

  control::NodeConfig config_;
  Reread reread_;
  std::shared_ptr<spdlog::logger> log_;
  boost::asio::io_context context_{1};
  io::Workers workers_;  // their packets may lie in the stack
  Stack stack_;
  io::EventLoop loop_;
  io::Impairments impairments_;
  control::IcmpListener icmp_;
  boost::asio::signal_set signals_;
  std::unique_ptr<control::Server> server_;
  control::LogLimit reports_;                 ///< of devices
  std::map<Ipv4Address, Instant> conflicts_;  ///< when each was last reported
};

}  // namespace smolstack::tools
