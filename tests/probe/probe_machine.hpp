#pragma once
// A machine without devices, for commands that send probes to themselves.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/control/icmp_listener.hpp"
#include "smolstack/node/node_setup.hpp"

namespace smolstack::control::test {

/// Keeps what a command says.
struct Recorder : Reply {
  std::vector<Json> events;
  int exit = -1;
  std::string error;

  void data(const Json& event) override { events.push_back(event); }
  void finish(int code) override { exit = code; }
  void fail(int code, std::string_view text) override {
    exit = code;
    error = text;
  }
  bool ended() const { return exit >= 0; }
};

inline NodeConfig probe_config() {
  NodeConfig node;
  InterfaceConfig interface;
  interface.device = "eth0";
  interface.where = "--tap eth0";
  interface.addresses = {{Ipv4Address(10, 1, 1, 2), 24}};
  node.interfaces.push_back(interface);
  for (const char* const route : {"blackhole 10.8.0.0/16", "unreachable 10.7.0.0/16",
                                  "prohibit 10.6.0.0/16", "10.9.0.0/16 via 10.1.1.1"})
    node.routes.push_back({"--route", route});
  return node;
}

/// 10.1.1.2/24 on eth0, nobody on the other end.
class ProbeMachine {
 public:
  ProbeMachine() : loop_(context_, stack_), icmp_(loop_) {
    const auto done = configure(stack_, probe_config(), io::EventLoop::now());
    if (!done) throw std::runtime_error(done.error());
  }

  Stack& stack() { return stack_; }
  io::EventLoop& loop() { return loop_; }
  IcmpListener& icmp() { return icmp_; }
  Machine& machine() { return machine_; }

  /// Runs a command until it ends; gives up after `most`.
  std::shared_ptr<Recorder> run(Handler handler, const Words& words,
                                std::chrono::milliseconds most = std::chrono::seconds(5)) {
    auto reply = std::make_shared<Recorder>();
    const auto running = handler(machine_, words, reply);
    const auto until = std::chrono::steady_clock::now() + most;
    while (!reply->ended() && std::chrono::steady_clock::now() < until)
      context_.run_one_for(std::chrono::milliseconds(100));
    return reply;
  }
  void run_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!done() && std::chrono::steady_clock::now() < until) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(100));
    }
  }

 private:
  boost::asio::io_context context_{1};
  Stack stack_{StackOptions{}};
  io::EventLoop loop_;
  IcmpListener icmp_;
  Machine machine_{stack_, loop_, "test", &icmp_};
};

}  // namespace smolstack::control::test
