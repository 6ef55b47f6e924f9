#include "smolstack/probe/ping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probe_machine.hpp"
#include "smolstack/probe/ping_format.hpp"
#include "smolstack/probe/ping_options.hpp"
#include "smolstack/probe/ping_payload.hpp"
#include "smolstack/probe/ping_statistics.hpp"

namespace smolstack::control {
namespace {

using test::ProbeMachine;
using test::Recorder;
using testing::HasSubstr;

const Json start_event = Json::parse(R"({"event": "start", "hostname": "10.1.2.2",
    "destination": "10.1.2.2", "bytes": 56, "timing": true, "quiet": false, "flood": false})");

std::string reply_text(const char* changes) {
  PingFormat format;
  (void)format.text_of(start_event);
  Json reply = Json::parse(R"({"event": "reply", "bytes": 64, "from": "10.1.2.2", "icmp_seq": 1,
      "ttl": 64, "time": 0.164})");
  reply.update(Json::parse(changes));
  return format.text_of(reply).out;
}

std::string error_text(int type, int code, std::uint32_t rest, const char* event = "error") {
  PingFormat format;
  (void)format.text_of(start_event);
  return format
      .text_of({{"event", event},
                {"from", "10.1.1.3"},
                {"icmp_seq", 1},
                {"type", type},
                {"code", code},
                {"rest", rest}})
      .out;
}

// The texts are those of ping from iputils 20221126.

TEST(PingFormat, Header) {
  EXPECT_EQ(PingFormat().text_of(start_event).out,
            "PING 10.1.2.2 (10.1.2.2) 56(84) bytes of data.\n");
  Json bound = start_event;
  bound["source"] = "10.1.1.2";
  EXPECT_EQ(PingFormat().text_of(bound).out,
            "PING 10.1.2.2 (10.1.2.2) from 10.1.1.2 : 56(84) bytes of data.\n");
  bound["dev"] = "eth0";
  EXPECT_EQ(PingFormat().text_of(bound).out,
            "PING 10.1.2.2 (10.1.2.2) from 10.1.1.2 eth0: 56(84) bytes of data.\n");
  bound["broadcast"] = true;
  EXPECT_EQ(PingFormat().text_of(bound).err, "WARNING: pinging broadcast address\n");
}

TEST(PingFormat, RepliesShowThreeMeaningfulDigits) {
  const std::string line = "64 bytes from 10.1.2.2: icmp_seq=1 ttl=64";
  EXPECT_EQ(reply_text("{}"), line + " time=0.164 ms\n");
  EXPECT_EQ(reply_text(R"({"time": 0.005})"), line + " time=0.005 ms\n");
  EXPECT_EQ(reply_text(R"({"time": 1.234})"), line + " time=1.23 ms\n");
  EXPECT_EQ(reply_text(R"({"time": 9.994})"), line + " time=9.99 ms\n");
  EXPECT_EQ(reply_text(R"({"time": 9.995})"), line + " time=10.0 ms\n");
  EXPECT_EQ(reply_text(R"({"time": 12.345})"), line + " time=12.3 ms\n");
  EXPECT_EQ(reply_text(R"({"time": 99.95})"), line + " time=100 ms\n");
  EXPECT_EQ(reply_text(R"({"time": 1234.5})"), line + " time=1235 ms\n");
}

TEST(PingFormat, OddReplies) {
  const std::string line = "64 bytes from 10.1.2.2: icmp_seq=1 ttl=64";
  EXPECT_EQ(reply_text(R"({"duplicate": true})"), line + " time=0.164 ms (DUP!)\n");
  EXPECT_EQ(reply_text(R"({"truncated": true})"), line + " (truncated)\n");
  EXPECT_EQ(reply_text(R"({"wrong_byte": {"at": 20, "sent": 20, "received": 255}})"),
            line + " time=0.164 ms\nwrong data byte #20 should be 0x14 but was 0xff\n");
}

TEST(PingFormat, Errors) {
  const std::string from = "From 10.1.1.3 icmp_seq=1 ";
  EXPECT_EQ(error_text(3, 0, 0), from + "Destination Net Unreachable\n");
  EXPECT_EQ(error_text(3, 1, 0), from + "Destination Host Unreachable\n");
  EXPECT_EQ(error_text(3, 4, 1280), from + "Frag needed and DF set (mtu = 1280)\n");
  EXPECT_EQ(error_text(3, 13, 0), from + "Packet filtered\n");
  EXPECT_EQ(error_text(3, 99, 0), from + "Dest Unreachable, Bad Code: 99\n");
  EXPECT_EQ(error_text(11, 0, 0), from + "Time to live exceeded\n");
  EXPECT_EQ(error_text(11, 1, 0), from + "Frag reassembly time exceeded\n");
  EXPECT_EQ(error_text(12, 0, 20u << 24), from + "Parameter problem: pointer = 20\n");
  EXPECT_EQ(error_text(5, 1, 0x0a010104, "redirect"),
            "From 10.1.1.3: icmp_seq=1 Redirect Host(New nexthop: 10.1.1.4)\n");
}

TEST(PingFormat, WhatDidNotLeaveGoesToStderr) {
  PingFormat format;
  (void)format.text_of(start_event);
  EXPECT_EQ(format.text_of({{"event", "local_error"}, {"mtu", 1000}}).err,
            "ping: local error: message too long, mtu=1000\n");
  EXPECT_EQ(format.text_of({{"event", "send_failed"}, {"text", "Network is unreachable"}}).err,
            "ping: sendmsg: Network is unreachable\n");
}

TEST(PingFormat, FloodDrawsDots) {
  Json flood = start_event;
  flood["flood"] = true;
  PingFormat format;
  (void)format.text_of(flood);
  EXPECT_EQ(format.text_of({{"event", "sent"}}).out, ".");
  EXPECT_EQ(format.text_of({{"event", "reply"}}).out, "\b \b");
  EXPECT_EQ(format.text_of({{"event", "error"}}).out, "\bE");
}

std::string statistics_text(const PingStatistics& statistics, bool timing = true,
                            bool paced = true) {
  PingFormat format;
  (void)format.text_of(start_event);
  return format.text_of(statistics.summary(Instant{}, timing, paced)).out;
}

Instant at(int milliseconds) {
  return Instant{} + std::chrono::milliseconds(milliseconds);
}

TEST(PingStatistics, AllAnswered) {
  PingStatistics statistics;
  statistics.received(statistics.sent(at(0)));
  statistics.round_trip(189);
  statistics.received(statistics.sent(at(203)));
  statistics.round_trip(70);
  EXPECT_EQ(statistics_text(statistics),
            "\n--- 10.1.2.2 ping statistics ---\n"
            "2 packets transmitted, 2 received, 0% packet loss, time 203ms\n"
            "rtt min/avg/max/mdev = 0.070/0.129/0.189/0.059 ms\n");
}

TEST(PingStatistics, ErrorsAndThePipe) {
  PingStatistics statistics;
  for (int i = 0; i < 3; ++i) statistics.sent(at(203 * i));
  for (std::uint16_t i = 1; i <= 3; ++i) statistics.error(i);
  EXPECT_EQ(statistics_text(statistics),
            "\n--- 10.1.2.2 ping statistics ---\n"
            "3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 406ms\n"
            "pipe 3\n");
}

TEST(PingStatistics, PartialLossAndDuplicates) {
  PingStatistics statistics;
  for (int i = 0; i < 3; ++i) statistics.sent(at(1000 * i));
  EXPECT_FALSE(statistics.received(2));
  EXPECT_TRUE(statistics.received(2));
  EXPECT_FALSE(statistics.received(3));
  EXPECT_EQ(statistics_text(statistics, false),
            "\n--- 10.1.2.2 ping statistics ---\n"
            "3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 2000ms\n"
            "pipe 2\n");
}

TEST(PingStatistics, NothingCameBack) {
  PingStatistics statistics;
  statistics.sent(at(0));
  EXPECT_EQ(statistics_text(statistics),
            "\n--- 10.1.2.2 ping statistics ---\n"
            "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n\n");
}

TEST(PingStatistics, AFloodTellsItsGap) {
  PingStatistics statistics;
  for (int i = 0; i < 3; ++i) {
    statistics.received(statistics.sent(at(i)));
    statistics.round_trip(8);
  }
  EXPECT_THAT(statistics_text(statistics, true, false),
              HasSubstr("0.000 ms, ipg/ewma 1.000/0.008 ms\n"));
}

TEST(PingStatistics, SequenceNumbersWrap) {
  PingStatistics statistics;
  for (int i = 0; i < 70000; ++i) {
    ASSERT_FALSE(statistics.received(statistics.sent(at(i))));
    ASSERT_EQ(statistics.in_flight(), 0u);
  }
  EXPECT_EQ(statistics.received(), 70000u);
}

TEST(PingPayload, ComesBackAsItWasSent) {
  std::vector<std::byte> payload(56);
  write_ping_payload(payload, at(5));
  EXPECT_FALSE(find_wrong_byte(payload));
  EXPECT_EQ(read_ping_stamp(payload), at(5));
  payload[40] = std::byte{0xff};
  EXPECT_EQ(find_wrong_byte(payload), 40u);
  EXPECT_FALSE(read_ping_stamp(ConstBytes(payload).first(15)));
}

TEST(PingOptions, SaysWhatIsWrong) {
  const struct {
    Words words;
    const char* error;
  } rows[] = {
      {{"-c", "0", "10.1.1.1"}, "invalid argument: '0': out of range: 1 <= value"},
      {{"-c", "x", "10.1.1.1"}, "invalid argument: 'x'"},
      {{"-c", "99999999999999999999", "10.1.1.1"}, "out of range"},
      {{"-s", "65508", "10.1.1.1"}, "out of range: 0 <= value <= 65507"},
      {{"-t", "256", "10.1.1.1"}, "out of range: 0 <= value <= 255"},
      {{"-t", "0", "10.1.1.1"}, "cannot set unicast time-to-live: Invalid argument"},
      {{"-i", "x", "10.1.1.1"}, "bad timing interval: x"},
      {{"-i", "nan", "10.1.1.1"}, "bad timing interval: nan"},
      {{"-W", "-1", "10.1.1.1"}, "bad linger time: -1"},
      {{"-M", "foo", "10.1.1.1"}, "invalid -M argument: foo"},
      {{"-z", "10.1.1.1"}, "invalid option -- 'z'"},
      {{"-c"}, "option requires an argument -- 'c'"},
      {{}, "usage error: Destination address required"},
      {{"10.1.1.1", "10.1.1.2"}, "one destination"},
      {{"300.1.1.1"}, "not an IPv4 address"},
  };
  for (const auto& row : rows) {
    const auto options = parse_ping(row.words);
    ASSERT_FALSE(options) << row.error;
    EXPECT_THAT(options.error(), HasSubstr(row.error));
  }
}

TEST(PingOptions, LettersMayStandTogether) {
  const auto options = parse_ping({"-qc5", "-i.2", "10.1.1.1", "-s", "0"});
  ASSERT_TRUE(options) << options.error();
  EXPECT_TRUE(options->quiet);
  EXPECT_EQ(options->count, 5u);
  EXPECT_EQ(options->interval, std::chrono::milliseconds(200));
  EXPECT_FALSE(options->timing());
}

TEST(Ping, AnswersOfOurOwn) {
  ProbeMachine machine;
  for (const char* const own : {"127.0.0.1", "127.8.9.1", "10.1.1.2", "0.0.0.0"}) {
    const auto reply = machine.run(&ping, {own, "-c", "3", "-i", "0.01"});
    EXPECT_EQ(reply->exit, exit_code::done) << own << reply->error;
    ASSERT_EQ(reply->events.size(), 5u) << own;
    EXPECT_EQ(reply->events[3].at("icmp_seq"), 3);
    EXPECT_EQ(reply->events[3].at("ttl"), 64);
    EXPECT_EQ(reply->events[3].at("bytes"), 64);
    EXPECT_FALSE(reply->events[3].contains("wrong_byte"));
    EXPECT_EQ(reply->events[4].at("received"), 3);
  }
}

TEST(Ping, EverySize) {
  ProbeMachine machine;
  for (const char* const bytes : {"0", "1", "15", "16", "1472", "1473", "65507"}) {
    const auto reply = machine.run(&ping, {"10.1.1.2", "-c", "1", "-s", bytes});
    EXPECT_EQ(reply->exit, exit_code::done) << bytes;
    EXPECT_EQ(reply->events.at(1).at("bytes"), std::stoi(bytes) + 8);
    EXPECT_EQ(reply->events.at(1).contains("time"), std::stoi(bytes) >= 16);
  }
}

TEST(Ping, AFloodToOurselvesEnds) {
  ProbeMachine machine;
  const auto reply = machine.run(&ping, {"10.1.1.2", "-c", "2000", "-f", "-q"});
  EXPECT_EQ(reply->exit, exit_code::done);
  EXPECT_EQ(reply->events.back().at("received"), 2000);
}

TEST(Ping, SaysWhyItCannotBegin) {
  ProbeMachine machine;
  const struct {
    Words words;
    const char* error;
  } rows[] = {
      {{"10.77.1.1"}, "ping: connect: Network is unreachable"},
      {{"10.8.1.1"}, "ping: connect: Invalid argument"},
      {{"10.7.1.1"}, "ping: connect: No route to host"},
      {{"10.6.1.1"}, "ping: connect: Permission denied"},
      {{"10.1.1.255"},
       "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules"},
      {{"10.1.1.1", "-I", "10.1.1.9"}, "ping: bind: Cannot assign requested address"},
      {{"10.1.1.1", "-I", "nope"}, "ping: SO_BINDTODEVICE nope: No such device"},
  };
  for (const auto& row : rows) {
    const auto reply = machine.run(&ping, row.words);
    EXPECT_EQ(reply->exit, exit_code::wrong);
    EXPECT_EQ(reply->error, row.error);
    EXPECT_TRUE(reply->events.empty());
  }
}

TEST(Ping, TooLongForTheLinkIsALocalError) {
  ProbeMachine machine;
  const auto reply =
      machine.run(&ping, {"10.1.1.1", "-c", "1", "-s", "1473", "-M", "do", "-W", "0.1"});
  EXPECT_EQ(reply->exit, exit_code::no);
  EXPECT_EQ(reply->events.at(1), Json({{"event", "local_error"}, {"mtu", 1500}}));
  EXPECT_EQ(reply->events.back().at("errors"), 1);
}

TEST(Ping, GivesUpAfterItsTimeout) {
  ProbeMachine machine;
  const auto reply = machine.run(&ping, {"10.1.1.1", "-c", "1", "-W", "0.05"});
  EXPECT_EQ(reply->exit, exit_code::no);
  EXPECT_EQ(reply->events.back().at("received"), 0);
}

TEST(Ping, StopPrintsTheStatistics) {
  ProbeMachine machine;
  auto reply = std::make_shared<Recorder>();
  const auto running = ping(machine.machine(), {"10.1.1.2", "-i", "0.01"}, reply);
  machine.run_until([&] { return reply->events.size() >= 4; });
  running->stop();
  EXPECT_EQ(reply->exit, exit_code::done);
  EXPECT_EQ(reply->events.back().at("event"), "end");
}

TEST(Ping, IsSilentWhenItsClientHasGone) {
  ProbeMachine machine;
  auto reply = std::make_shared<Recorder>();
  auto running = ping(machine.machine(), {"10.1.1.2", "-i", "0.01"}, reply);
  running.reset();
  const std::size_t before = reply->events.size();
  machine.run_until([&, rounds = 0]() mutable { return ++rounds > 3; });
  EXPECT_EQ(reply->events.size(), before);
}

}  // namespace
}  // namespace smolstack::control
