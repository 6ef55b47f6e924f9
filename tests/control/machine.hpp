#pragma once
// A machine in memory, and a reply that remembers what it was told.

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "smolstack/admin/format.hpp"
#include "smolstack/control/command.hpp"
#include "smolstack/io/event_loop.hpp"
#include "smolstack/node/commands.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::test {

/// What a client would have got.
struct Answered {
  std::vector<control::Json> rows;
  int exit = -1;
  std::string error;
  int ends = 0;

  control::Json json() const { return control::Json(rows); }
};

class RecordingReply : public control::Reply {
 public:
  explicit RecordingReply(Answered& answered) : answered_(answered) {}
  void data(const control::Json& data) override { answered_.rows.push_back(data); }
  void finish(int exit) override {
    answered_.exit = exit;
    ++answered_.ends;
  }
  void fail(int exit, std::string_view error) override {
    finish(exit);
    answered_.error = error;
  }

 private:
  Answered& answered_;
};

/// "route add default via 10.1.1.1" as words.
inline control::Words split(std::string_view text) {
  control::Words words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// A router with eth0 10.1.2.3/24, eth1 10.1.1.3/24 and no device behind them.
class TestMachine {
 public:
  TestMachine() {
    add_ethernet("eth0", "10.1.2.3/24");
    add_ethernet("eth1", "10.1.1.3/24");
  }

  Interface& add_ethernet(std::string_view name, std::string_view subnet) {
    const auto parsed = parse_ipv4_subnet(subnet).value();
    Interface& made = stack.add_interface({.name = std::string(name),
                                           .link = LinkType::ethernet,
                                           .mac = default_mac(parsed.address)});
    (void)stack.add_address(made, parsed, io::EventLoop::now());
    return made;
  }

  Answered ask(std::string_view command, std::string_view words) {
    Answered answered;
    for (const auto& known : control::commands())
      if (known.name == command)
        (void)known.handler(machine, split(words), std::make_shared<RecordingReply>(answered));
    return answered;
  }
  Answered ip(std::string_view words) { return ask("ip", words); }

  boost::asio::io_context context;
  Stack stack;
  io::EventLoop loop{context, stack};
  control::Machine machine{stack, loop, "router"};
};

/// What `ip` would print.
inline std::string shown(TestMachine& machine, std::string_view words) {
  const Answered answered = machine.ip(words);
  EXPECT_EQ(answered.exit, 0) << words << ": " << answered.error;
  return control::format_ip(answered.json(), control::parse_ip(split(words)).value());
}

}  // namespace smolstack::test
