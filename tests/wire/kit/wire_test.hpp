#pragma once
// What tests on the wire begin with.
//
//   TEST_F(HostTest, AnswersARequestForItsAddress) {
//     proves("ARP-REPLY");
//     lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
//     EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
//   }
//
// Each test has a machine of its own, fresh. When it ends the machine must still run and answer on
// each wire, and each frame that it sent must have kept the rules of lab/support/judge.hpp.
// docs/conformance.md is made from what proves() and differs_on_linux() say.

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/support/frame.hpp"
#include "lab/support/matchers.hpp"
#include "wire/kit/wire.hpp"

namespace smolstack::test {

using namespace std::chrono_literals;

class WireTest : public testing::Test {
 public:
  /// Why the running test fails when the kernel is the machine; none: it passes.
  static std::optional<std::string> linux_differs;

 protected:
  explicit WireTest(const Wiring& wiring) : bench_(wiring) {}
  void TearDown() override;

  /// The requirements of tests/wire/requirements.tsv that this test fails without.
  template <class... Id>
  void proves(Id... id) {
    (RecordProperty("proves", id), ...);
  }
  /// The kernel does not pass this test, and why that is so. Checked: it must fail there.
  void differs_on_linux(const char* why) { linux_differs = why; }

  Wire& wire(std::size_t i) { return bench_.wire(i); }
  Machine& machine() { return bench_.machine(); }
  Bench& bench() { return bench_; }

 private:
  Bench bench_;
};

/// One interface, eth0: 10.0.1.1/24 with neighbours .9, .8 and the gateway .254.
inline Wiring host_wiring() {
  return {Role::node, {{"10.0.1.1/24"}}, {"default via 10.0.1.254"}};
}
/// Two interfaces: 10.0.1.1/24 on eth0 with neighbours .9 and .8, 10.0.2.1/24 on eth1 with .7.
inline Wiring router_wiring() {
  return {Role::router, {{"10.0.1.1/24"}, {"10.0.2.1/24"}}};
}

class HostTest : public WireTest {
 protected:
  explicit HostTest(const Wiring& wiring = host_wiring()) : WireTest(wiring) {
    for (const char* neighbor : {"10.0.1.9", "10.0.1.8", "10.0.1.254"}) lan.has_neighbor(neighbor);
  }
  Wire& lan = wire(0);
};

class RouterTest : public WireTest {
 protected:
  explicit RouterTest(const Wiring& wiring = router_wiring()) : WireTest(wiring) {
    for (const char* neighbor : {"10.0.1.9", "10.0.1.8"}) lan.has_neighbor(neighbor);
    wan.has_neighbor("10.0.2.7");
  }
  Wire& lan = wire(0);
  Wire& wan = wire(1);
};

/// What hosts and routers have in common: on `lan` both are 10.0.1.1/24.
class EitherTest : public WireTest, public testing::WithParamInterface<Role> {
 protected:
  EitherTest() : WireTest(GetParam() == Role::node ? host_wiring() : router_wiring()) {
    for (const char* neighbor : {"10.0.1.9", "10.0.1.8", "10.0.1.254"}) lan.has_neighbor(neighbor);
  }
  Wire& lan = wire(0);
};

inline std::string name_of(const testing::TestParamInfo<Role>& info) {
  return info.param == Role::node ? "node" : "router";
}

/// EITHER_ROLE(ArpTest): a class derived from EitherTest runs as a node and as a router.
#define EITHER_ROLE(Suite) \
  INSTANTIATE_TEST_SUITE_P(Wire, Suite, testing::Values(Role::node, Role::router), name_of)

}  // namespace smolstack::test
