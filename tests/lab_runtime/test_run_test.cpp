#include "smolstack/lab/test_run.hpp"

#include <csignal>

#include <gmock/gmock.h>

namespace smolstack {
namespace {

using lab::Answer;
using lab::PingEnd;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using topology::Expectation;

topology::Test test_of(Expectation expect, std::optional<int> ttl = {}) {
  topology::Test test;
  test.name = "a test";
  test.from = "client";
  test.ping = "server";
  test.expect = expect;
  test.ttl = ttl;
  return test;
}

Answer heard(const PingEnd& end) {
  return lab::hear(test_of(Expectation::reply), end).answer;
}

const std::string header = "PING 10.1.2.2 (10.1.2.2) 56(84) bytes of data.\n";
const std::string lost =
    "\n--- 10.1.2.2 ping statistics ---\n"
    "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n\n";
const PingEnd replied{0, header + "64 bytes from 10.1.2.2: icmp_seq=1 ttl=63 time=0.164 ms\n", ""};
const PingEnd silent{1, header + lost, ""};
const PingEnd host_unreachable{
    1, header + "From 10.1.1.3 icmp_seq=1 Destination Host Unreachable\n" + lost, ""};
const PingEnd no_route{2, "ping: connect: Network is unreachable\n", ""};

TEST(Hear, AReplyAndItsTtl) {
  const auto reply = lab::hear(test_of(Expectation::reply), replied);
  EXPECT_EQ(reply.answer, Answer::reply);
  EXPECT_EQ(reply.ttl, 63);
  EXPECT_EQ(reply.line, "64 bytes from 10.1.2.2: icmp_seq=1 ttl=63 time=0.164 ms");
}

TEST(Hear, Silence) {
  const auto nothing = lab::hear(test_of(Expectation::reply), silent);
  EXPECT_EQ(nothing.answer, Answer::no_reply);
  EXPECT_THAT(nothing.line, HasSubstr("0 received"));
}

TEST(Hear, IcmpErrorsOfEveryKind) {
  EXPECT_EQ(heard(host_unreachable), Answer::unreachable);
  EXPECT_EQ(heard({1, header + "From 10.1.1.3 icmp_seq=1 Packet filtered\n" + lost, ""}),
            Answer::unreachable);
  EXPECT_EQ(heard({1, header + "From 10.1.1.3 icmp_seq=1 Time to live exceeded\n" + lost, ""}),
            Answer::unreachable);
}

TEST(Hear, SendsThatFailForWantOfARoute) {
  EXPECT_EQ(heard(no_route), Answer::unreachable);
  EXPECT_EQ(heard({1, header + "ping: sendmsg: No route to host\n" + lost, ""}),
            Answer::unreachable);
}

TEST(Hear, ARedirectIsNoError) {
  EXPECT_EQ(
      heard({1, header + "From 10.1.1.3: icmp_seq=1 Redirect Host(New nexthop: 10.1.1.4)\n" + lost,
             ""}),
      Answer::no_reply);
}

TEST(Hear, NamesWithoutAnAddress) {
  EXPECT_EQ(heard({2, "ping: server: Name or service not known\n", ""}), Answer::unresolved);
  EXPECT_EQ(heard({2, "ping: server: Temporary failure in name resolution\n", ""}),
            Answer::unresolved);
}

TEST(Hear, APingThatDidNotDoItsWork) {
  EXPECT_EQ(heard({127, "env: 'ping': No such file or directory\n", ""}), Answer::failed);
  EXPECT_EQ(heard({1, header + "ping: sendmsg: Operation not permitted\n" + lost, ""}),
            Answer::failed);
  EXPECT_EQ(heard({lab::exit_code::timed_out, header, ""}), Answer::failed);
  const auto gone = lab::hear(test_of(Expectation::reply),
                              {lab::exit_code::ours, header, "the machine ended while it ran"});
  EXPECT_EQ(gone.answer, Answer::failed);
  EXPECT_EQ(gone.line, "the machine ended while it ran");
}

bool passes(const topology::Test& test, const PingEnd& end) {
  return lab::judge(test, "", end).passed;
}

TEST(Judge, TakesOnlyWhatWasExpected) {
  const std::vector<std::pair<Expectation, PingEnd>> rights{
      {Expectation::reply, replied},
      {Expectation::no_reply, silent},
      {Expectation::unreachable, host_unreachable}};
  for (const auto& [expect, right] : rights)
    for (const auto& [other, end] : rights)
      EXPECT_EQ(passes(test_of(expect), end), expect == other) << end.output;
}

TEST(Judge, WantsTheTtlThatTheTestNames) {
  EXPECT_TRUE(passes(test_of(Expectation::reply, 63), replied));
  EXPECT_FALSE(passes(test_of(Expectation::reply, 64), replied));
}

TEST(Judge, TakesAnUnknownNameForNoExpectation) {
  const PingEnd unknown{2, "ping: server: Name or service not known\n", ""};
  for (const auto expect : {Expectation::reply, Expectation::no_reply, Expectation::unreachable})
    EXPECT_FALSE(passes(test_of(expect), unknown));
}

TEST(PingWords, WaitForArpToGiveUpWhereNoReplyIsWanted) {
  EXPECT_THAT(lab::ping_words(test_of(Expectation::reply)), Contains("2"));
  EXPECT_THAT(lab::ping_words(test_of(Expectation::no_reply)), Contains("4"));
  EXPECT_THAT(lab::ping_words(test_of(Expectation::unreachable)), Contains("4"));
}

/// Stands for run_many(): ends the jobs, the last first, all with the same words.
struct FakeRunner {
  PingEnd end = replied;
  int signal = 0;
  std::vector<lab::Job> jobs{};
  std::size_t at_once = 0;

  lab::TestRun how() {
    return {
        .at_once = 3,
        .find = [](const std::string& name) -> Expected<lab::Target, std::string> {
          if (name == "dead") return unexpected(std::string("dead has ended"));
          return lab::Target{name, 1};
        },
        .run =
            [this](const auto& given, const lab::RunMany& limits, const lab::JobEvents& events) {
              jobs = given;
              at_once = limits.at_once;
              for (std::size_t job = given.size(); job-- > 0;) {
                events.on_output(job, lab::Stream::out, end.output);
                events.on_end(job, end.exit, end.error);
              }
              return signal;
            }};
  }
};

lab::Tests tests_from(const std::vector<std::string>& machines) {
  lab::Tests tests;
  for (const auto& machine : machines) {
    tests.push_back(test_of(Expectation::reply));
    tests.back().from = machine;
  }
  return tests;
}

void ignore(const lab::TestResult& /*result*/) {}

TEST(RunTests, PingsFromTheMachineOfEachTest) {
  FakeRunner runner;
  lab::run_tests(tests_from({"client", "router"}), "", runner.how(), ignore);
  ASSERT_EQ(runner.jobs.size(), 2u);
  EXPECT_EQ(runner.jobs[0].machine.name, "client");
  EXPECT_EQ(runner.jobs[1].machine.name, "router");
  EXPECT_EQ(runner.jobs[1].words.back(), "server");
  EXPECT_EQ(runner.at_once, 3u);
}

TEST(RunTests, KeepsTheOrderOfTheTestsAndTellsOfEachAsItEnds) {
  FakeRunner runner;
  std::vector<std::string> ended;
  const auto run =
      lab::run_tests(tests_from({"client", "router"}), "final", runner.how(),
                     [&](const lab::TestResult& result) { ended.push_back(result.test.from); });
  EXPECT_THAT(ended, ElementsAre("router", "client"));
  ASSERT_EQ(run.results.size(), 2u);
  EXPECT_EQ(run.results[0].test.from, "client");
  EXPECT_EQ(run.results[0].stage, "final");
  EXPECT_TRUE(run.results[0].passed);
}

TEST(RunTests, FailsTheTestsOfAMachineThatDoesNotRun) {
  FakeRunner runner;
  const auto run = lab::run_tests(tests_from({"dead", "client"}), "", runner.how(), ignore);
  EXPECT_EQ(runner.jobs.size(), 1u);
  EXPECT_FALSE(run.results[0].passed);
  EXPECT_EQ(run.results[0].heard.line, "dead has ended");
  EXPECT_TRUE(run.results[1].passed);
}

TEST(RunTests, KeepsLittleOfAPingThatFloods) {
  FakeRunner runner{.end = {0, std::string(1u << 20, '?') + replied.output, ""}};
  const auto run = lab::run_tests(tests_from({"client"}), "", runner.how(), ignore);
  EXPECT_EQ(run.results[0].heard.line, "");
}

TEST(RunTests, SaysThatASignalEndedThem) {
  FakeRunner runner{.signal = SIGINT};
  EXPECT_EQ(lab::run_tests(tests_from({"client"}), "", runner.how(), ignore).interrupted_by,
            SIGINT);
}

}  // namespace
}  // namespace smolstack
