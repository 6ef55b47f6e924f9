#include "smolstack/probe/traceroute.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probe_machine.hpp"
#include "smolstack/probe/traceroute_format.hpp"
#include "smolstack/probe/traceroute_session.hpp"

namespace smolstack::control {
namespace {

using test::ProbeMachine;
using testing::HasSubstr;

TEST(TracerouteFormat, HopsStarsAndSigns) {
  TracerouteFormat format;
  EXPECT_EQ(format.end(), "");
  std::string text = format.text_of({{"event", "start"},
                                     {"hostname", "10.1.2.2"},
                                     {"destination", "10.1.2.2"},
                                     {"hops", 30},
                                     {"bytes", 60}});
  const auto probe = [&](int ttl, const char* from, double rtt, const char* note = nullptr) {
    Json event{{"event", "probe"}, {"ttl", ttl}, {"from", from}, {"rtt", rtt}};
    if (note != nullptr) event["note"] = note;
    text += format.text_of(event);
  };
  probe(1, "10.1.1.3", 0.123);
  probe(1, "10.1.1.3", 0.1);
  text += format.text_of({{"event", "probe"}, {"ttl", 1}, {"lost", true}});
  text += format.text_of({{"event", "probe"}, {"ttl", 2}, {"lost", true}});
  probe(2, "10.1.2.2", 1.5, "!H");
  probe(2, "10.1.2.9", 12.25, "!X");
  EXPECT_EQ(text + format.end(),
            "traceroute to 10.1.2.2 (10.1.2.2), 30 hops max, 60 byte packets\n"
            " 1  10.1.1.3  0.123 ms  0.100 ms *\n"
            " 2  * 10.1.2.2  1.500 ms !H 10.1.2.9  12.250 ms !X\n");
}

TEST(TracerouteOptions, SaysWhatIsWrong) {
  const struct {
    Words words;
    const char* error;
  } rows[] = {
      {{"-m", "300", "10.1.1.1"}, "max hops cannot be more than 255"},
      {{"-m", "x", "10.1.1.1"}, "Cannot handle `-m' option with arg `x'"},
      {{"-q", "11", "10.1.1.1"}, "no more than 10 probes per hop"},
      {{"-f", "31", "10.1.1.1"}, "first hop out of range"},
      {{"-f", "0", "10.1.1.1"}, "first hop out of range"},
      {{"-w", "1,2,3,4", "10.1.1.1"}, "Cannot handle `-w'"},
      {{"-Z", "10.1.1.1"}, "invalid option -- 'Z'"},
      {{}, "usage: traceroute"},
      {{"foo"}, "not an IPv4 address"},
  };
  for (const auto& row : rows) {
    const auto options = parse_traceroute(row.words);
    ASSERT_FALSE(options) << row.error;
    EXPECT_THAT(options.error(), HasSubstr(row.error));
  }
}

TEST(Traceroute, ToOurselvesIsOneHop) {
  ProbeMachine machine;
  for (const Words& words : {Words{"10.1.1.2"}, Words{"-I", "10.1.1.2"}, Words{"127.0.0.1"}}) {
    const auto reply = machine.run(&traceroute, words);
    EXPECT_EQ(reply->exit, exit_code::done) << reply->error;
    ASSERT_EQ(reply->events.size(), 4u);
    for (std::size_t i = 1; i < 4; ++i) {
      EXPECT_EQ(reply->events[i].at("ttl"), 1);
      EXPECT_EQ(reply->events[i].at("from"), words.back());
      EXPECT_FALSE(reply->events[i].contains("note"));
    }
  }
}

TEST(Traceroute, NobodyAnswers) {
  ProbeMachine machine;
  const auto reply = machine.run(&traceroute, {"-m", "2", "-q", "2", "-w", "0.05", "10.1.1.9"});
  EXPECT_EQ(reply->exit, exit_code::done);
  ASSERT_EQ(reply->events.size(), 5u);
  EXPECT_EQ(reply->events[4], Json({{"event", "probe"}, {"ttl", 2}, {"lost", true}}));
}

TEST(Traceroute, SaysWhyItCannotBegin) {
  ProbeMachine machine;
  EXPECT_EQ(machine.run(&traceroute, {"10.77.1.1"})->error, "connect: Network is unreachable");
  EXPECT_EQ(machine.run(&traceroute, {"10.8.1.1"})->error, "connect: Invalid argument");
  EXPECT_EQ(machine.run(&traceroute, {"10.8.1.1"})->exit, exit_code::no);
}

}  // namespace
}  // namespace smolstack::control
