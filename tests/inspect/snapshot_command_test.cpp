#include "smolstack/inspect/snapshot_command.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::inspect {
namespace {

using control::Json;

/// What a client would have got.
class Recording : public control::Reply {
 public:
  void data(const Json& row) override { rows.push_back(row); }
  void finish(int code) override { exit = code; }
  void fail(int code, std::string_view text) override {
    exit = code;
    error = text;
  }

  std::vector<Json> rows;
  int exit = -1;
  std::string error;
};

/// A router with eth0 10.1.2.3/24, and eth1 that is down.
class RouterSnapshot : public testing::Test {
 protected:
  RouterSnapshot() {
    Interface& eth0 = stack.add_interface({.name = "eth0", .mtu = 1280});
    (void)stack.add_address(eth0, {Ipv4Address(10, 1, 2, 3), 24}, Instant());
    eth0.rp_filter = ReversePath::loose;
    Interface& eth1 = stack.add_interface({.name = "eth1"});
    stack.set_up(eth1, false, Instant());
    stack.settings().forwarding = true;
    (void)stack.tables().add_route({.gateway = Ipv4Address(10, 1, 2, 1)}, RouteInsert::add);
    stack.arp().set({eth0.index, Ipv4Address(10, 1, 2, 1)}, {{2, 0, 0, 0, 0, 1}},
                    NeighborState::permanent, Instant());
  }

  std::shared_ptr<Recording> ask(const control::Words& words) {
    auto reply = std::make_shared<Recording>();
    (void)snapshot_handler(machine, words, reply);
    return reply;
  }

  boost::asio::io_context context;
  Stack stack;
  io::EventLoop loop{context, stack};
  control::Machine machine{stack, loop, "router"};
};

TEST_F(RouterSnapshot, HasWhatTheStackBelieves) {
  const MachineSnapshot snapshot = snapshot_of(stack, "router");
  EXPECT_TRUE(snapshot.forwarding);
  ASSERT_EQ(snapshot.interfaces.size(), 2u);  // lo is not among them
  EXPECT_EQ(snapshot.interfaces[0].mtu, 1280u);
  EXPECT_EQ(snapshot.interfaces[0].rp_filter, 2);
  EXPECT_FALSE(snapshot.interfaces[1].up);
  ASSERT_EQ(snapshot.routes.size(), 2u);
  EXPECT_EQ(snapshot.routes[0].device, "eth0");
  EXPECT_TRUE(snapshot.routes[0].route.prefix.is_default());
  ASSERT_EQ(snapshot.permanent_neighbors.size(), 1u);
}

TEST_F(RouterSnapshot, ComesAsRowsThatCanBeRead) {
  const auto reply = ask({});
  EXPECT_EQ(reply->exit, control::exit_code::done);
  const auto read = machine_snapshot(Json(reply->rows));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(to_json(*read), to_json(snapshot_of(stack, "router")));
}

TEST_F(RouterSnapshot, IsCompletedByWhoKnowsMore) {
  machine.complete_snapshot = [](Json& row) { row["listening"] = {{{"port", 53}}}; };
  const auto read = machine_snapshot(Json(ask({})->rows));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  ASSERT_EQ(read->listening.size(), 1u);
  EXPECT_EQ(read->listening[0].port, 53);
}

TEST_F(RouterSnapshot, TakesNoWords) {
  const auto reply = ask({"all"});
  EXPECT_EQ(reply->exit, control::exit_code::wrong);
  EXPECT_EQ(reply->error, "snapshot: unknown word \"all\"; it takes none");
}

}  // namespace
}  // namespace smolstack::inspect
