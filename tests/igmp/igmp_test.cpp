// A host's groups and what it says of them, on a virtual clock: RFC 3376 §5, §7; RFC 2236 §3.

#include "smolstack/igmp/igmp.hpp"

#include <gtest/gtest.h>

#include "lab/support/frame.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// A datagram that was sent, and when.
struct Sent {
  Frame frame;
  Instant at{};
};
std::ostream& operator<<(std::ostream& out, const Sent& sent) {
  return out << sent.frame;
}

MATCHER_P(Says, expected, "says " + to_string(expected)) {
  const auto why = difference(arg.frame, expected);
  if (why) *result_listener << *why;
  return !why;
}

Frame report_of(std::vector<IgmpRecordWords> records) {
  return ipv4_of_igmp("10.0.1.1", "224.0.0.22") / igmpv3_report(records);
}
Frame v2_report_of(const char* group) {
  return ipv4_of_igmp("10.0.1.1", group) / igmpv2_report(group);
}
Frame v1_report_of(const char* group) {
  return ipv4_of_igmp("10.0.1.1", group) / igmpv1_report(group);
}

/// A host 10.0.1.1 on one link, and the querier 10.0.1.254.
class IgmpHost : public testing::Test {
 protected:
  IgmpHost() { eth0.addresses.push_back({.subnet = {address("10.0.1.1"), 24}}); }

  void join(const char* group) {
    const auto joined = igmp.join(eth0, address(group), now);
    ASSERT_TRUE(joined) << joined.error().message();
    collect();
  }
  void leave(const char* group) {
    const auto left = igmp.leave(eth0, address(group), now);
    ASSERT_TRUE(left) << left.error().message();
    collect();
  }
  /// Joined long ago: nothing more is said of it.
  void has_joined(const char* group) {
    join(group);
    run_for(30s);
    sent.clear();
  }
  Expected<void, DropReason> hears(const Frame& datagram) {
    const Octets octets = encode(datagram);
    Packet packet = pool.allocate(octets.size());
    std::ranges::copy(octets, packet.append(octets.size()).begin());
    auto heard = igmp.receive(eth0, packet, now);
    collect();
    return heard;
  }
  void is_asked(const Frame& query, const char* to = "224.0.0.1") {
    const auto heard = hears(ipv4_of_igmp("10.0.1.254", to) / query);
    ASSERT_TRUE(heard) << to_string(heard.error());
  }
  void run_for(Duration duration) {
    const Instant end = now + duration;
    for (auto at = igmp.next_deadline(); at && *at <= end; at = igmp.next_deadline()) {
      now = std::max(now, *at);
      igmp.advance(now);
      collect();
    }
    now = end;
    igmp.advance(now);
    collect();
  }
  void collect() {
    PacketQueue reports = igmp.take_reports(eth0.index);
    while (const Packet datagram = reports.pop())
      sent.push_back({decode_ipv4(datagram.bytes()), now});
  }

  PacketPool pool{{.small = 64, .large = 2}};
  InterfaceTable interfaces;
  StackCounters counters;
  Random random{7};
  Interface& eth0 = interfaces.add({.name = "eth0"});
  Igmp igmp{pool, interfaces, counters, random};
  Instant now{1000s};
  std::vector<Sent> sent;
};

// --- Joining and leaving -----------------------------------------------------------------------

TEST_F(IgmpHost, JoiningIsToldAtOnceAndAgainWithinASecond) {  // RFC 3376 §5.1, §8.11
  join("239.1.1.1");
  EXPECT_THAT(sent, ElementsAre(Says(report_of({to_exclude("239.1.1.1")}))));
  run_for(1s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({to_exclude("239.1.1.1")})),
                                Says(report_of({to_exclude("239.1.1.1")}))));
  run_for(60s);
  EXPECT_THAT(sent, SizeIs(2));
  EXPECT_FALSE(igmp.next_deadline());
  EXPECT_EQ(counters.igmp_reports_sent, 2u);
}

TEST_F(IgmpHost, LeavingIsToldLikewise) {
  has_joined("239.1.1.1");
  leave("239.1.1.1");
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({to_include("239.1.1.1")})),
                                Says(report_of({to_include("239.1.1.1")}))));
  EXPECT_FALSE(eth0.is_member(address("239.1.1.1")));
}

TEST_F(IgmpHost, ALaterChangeTakesTheEarliersPlace) {  // RFC 3376 §5.1
  join("239.1.1.1");
  leave("239.1.1.1");
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({to_exclude("239.1.1.1")})),
                                Says(report_of({to_include("239.1.1.1")})),
                                Says(report_of({to_include("239.1.1.1")}))));
}

TEST_F(IgmpHost, RepeatsOfSeveralGroupsShareAReport) {
  join("239.1.1.1");
  join("239.2.2.2");
  sent.clear();
  run_for(60s);
  EXPECT_THAT(sent,
              ElementsAre(Says(report_of({to_exclude("239.1.1.1"), to_exclude("239.2.2.2")}))));
}

TEST_F(IgmpHost, TheQuerierSaysHowOftenItIsRepeated) {  // RFC 3376 §4.1.6
  is_asked(igmpv3_query(10, {}, {.robustness = 4}));
  join("239.1.1.1");
  run_for(60s);
  EXPECT_THAT(sent, SizeIs(4));
}

TEST_F(IgmpHost, AllSystemsIsJoinedAlwaysAndNeverReported) {  // RFC 1112 §7.2, RFC 3376 §5
  EXPECT_TRUE(eth0.is_member(all_systems));
  EXPECT_EQ(igmp.join(eth0, all_systems, now).error().code, std::errc::file_exists);
  EXPECT_EQ(igmp.leave(eth0, all_systems, now).error().code, std::errc::operation_not_supported);
  is_asked(igmpv3_query(10));
  run_for(60s);
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(IgmpHost, WhatCannotBeJoinedIsRefused) {
  Interface& lo = interfaces.add({.name = "lo", .link = LinkType::loopback});
  EXPECT_EQ(igmp.join(eth0, address("10.0.1.7"), now).error().code, std::errc::invalid_argument);
  EXPECT_EQ(igmp.join(lo, address("239.1.1.1"), now).error().code,
            std::errc::operation_not_supported);
  EXPECT_EQ(igmp.leave(eth0, address("239.1.1.1"), now).error().code,
            std::errc::address_not_available);
  join("239.1.1.1");
  EXPECT_EQ(igmp.join(eth0, address("239.1.1.1"), now).error().code, std::errc::file_exists);
}

TEST_F(IgmpHost, ThereIsRoomForSoManyGroups) {
  for (std::uint32_t i = 0; i < IgmpLimits{}.groups; ++i)
    ASSERT_TRUE(igmp.join(eth0, Ipv4Address(0xef000001u + i), now));
  EXPECT_EQ(igmp.join(eth0, address("239.9.9.9"), now).error().code, std::errc::no_buffer_space);
  ASSERT_TRUE(igmp.leave(eth0, address("239.0.0.1"), now));
  EXPECT_TRUE(igmp.join(eth0, address("239.9.9.9"), now)) << "what was left does not count";
}

TEST_F(IgmpHost, WithoutAnAddressTheSourceIsNobody) {  // RFC 3376 §4.2.13
  eth0.addresses.clear();
  join("239.1.1.1");
  EXPECT_THAT(sent, ElementsAre(Says(ipv4_of_igmp("0.0.0.0", "224.0.0.22"))));
}

TEST_F(IgmpHost, OnALinkThatIsDownNobodyIsToldUntilItComesUp) {
  eth0.up = false;
  join("239.1.1.1");
  join("239.2.2.2");
  run_for(60s);
  EXPECT_THAT(sent, IsEmpty());
  eth0.up = true;
  igmp.came_up(eth0, now);
  run_for(60s);
  const Frame both = report_of({to_exclude("239.1.1.1"), to_exclude("239.2.2.2")});
  EXPECT_THAT(sent, ElementsAre(Says(both), Says(both)));
}

TEST_F(IgmpHost, ALinkThatGoesDownIsSilent) {
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(10));
  eth0.up = false;
  igmp.went_down(eth0);
  run_for(60s);
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_TRUE(eth0.is_member(address("239.1.1.1")));
}

// --- Queries of version 3 ----------------------------------------------------------------------

TEST_F(IgmpHost, AGeneralQueryIsAnsweredForAllGroupsInItsTime) {  // RFC 3376 §5.2 rule 2
  has_joined("239.1.1.1");
  has_joined("239.2.2.2");
  const Instant asked = now;
  is_asked(igmpv3_query(50));
  EXPECT_THAT(sent, IsEmpty());
  run_for(60s);
  ASSERT_THAT(sent,
              ElementsAre(Says(report_of({is_excluded("239.1.1.1"), is_excluded("239.2.2.2")}))));
  EXPECT_GT(sent[0].at, asked);
  EXPECT_LE(sent[0].at, asked + 5s);
}

TEST_F(IgmpHost, AnswersComeAtAnyTimeThatTheCodeAllows) {  // RFC 3376 §4.1.1: 0x80 is 12.8 s
  has_joined("239.1.1.1");
  Duration least = 1h, most{};
  for (int i = 0; i < 200; ++i) {
    const Instant asked = now;
    is_asked(igmpv3_query(0x80));
    run_for(20s);
    ASSERT_THAT(sent, SizeIs(1));
    least = std::min(least, sent[0].at - asked);
    most = std::max(most, sent[0].at - asked);
    sent.clear();
  }
  EXPECT_LT(least, 1s);
  EXPECT_GT(most, 11s);
  EXPECT_LE(most, 12801ms);
}

TEST_F(IgmpHost, AnEarlierAnswerForAllWillDo) {  // RFC 3376 §5.2 rule 1
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(1));
  is_asked(igmpv3_query(200));
  is_asked(igmpv3_query(200, "239.1.1.1"), "239.1.1.1");
  run_for(60s);
  EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(IgmpHost, AGroupSpecificQueryIsAnsweredForTheGroup) {  // RFC 3376 §5.2 rule 3
  has_joined("239.1.1.1");
  has_joined("239.2.2.2");
  is_asked(igmpv3_query(10, "239.2.2.2"), "239.2.2.2");
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({is_excluded("239.2.2.2")}))));
}

TEST_F(IgmpHost, AQueryForAGroupOfOthersIsNotAnswered) {
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(10, "239.2.2.2"));
  run_for(60s);
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(IgmpHost, AQueryForSourcesIsAnsweredWithThoseSources) {  // RFC 3376 §5.2: IS_IN (B - {})
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(10, "239.1.1.1", {.sources = {"10.7.0.1", "10.7.0.2"}}), "239.1.1.1");
  run_for(60s);
  EXPECT_THAT(sent,
              ElementsAre(Says(report_of({is_included("239.1.1.1", {"10.7.0.1", "10.7.0.2"})}))));
}

TEST_F(IgmpHost, SourcesOfSeveralQueriesAreMerged) {  // RFC 3376 §5.2 rule 5
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(10, "239.1.1.1", {.sources = {"10.7.0.1"}}));
  is_asked(igmpv3_query(10, "239.1.1.1", {.sources = {"10.7.0.1", "10.7.0.2"}}));
  run_for(60s);
  EXPECT_THAT(sent,
              ElementsAre(Says(report_of({is_included("239.1.1.1", {"10.7.0.1", "10.7.0.2"})}))));
}

TEST_F(IgmpHost, AQueryForTheGroupAsksForMoreThanSources) {  // RFC 3376 §5.2 rule 4
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(10, "239.1.1.1", {.sources = {"10.7.0.1"}}));
  is_asked(igmpv3_query(10, "239.1.1.1"));
  is_asked(igmpv3_query(10, "239.1.1.1", {.sources = {"10.7.0.2"}}));
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({is_excluded("239.1.1.1")}))));
}

TEST_F(IgmpHost, MoreSourcesThanItRemembersAreAnsweredForTheGroup) {
  has_joined("239.1.1.1");
  Igmpv3QueryFields many;
  for (std::uint32_t i = 0; i <= IgmpLimits{}.sources; ++i)
    many.sources.emplace_back(Ipv4Address(0x0a070001u + i));
  is_asked(igmpv3_query(10, "239.1.1.1", many));
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({is_excluded("239.1.1.1")}))));
}

TEST_F(IgmpHost, OnASmallMtuTheRecordsGoInSeveralReports) {  // RFC 3376 §4.2.16
  for (const char* group : {"239.1.1.1", "239.2.2.2", "239.3.3.3", "239.4.4.4", "239.5.5.5"})
    has_joined(group);
  eth0.mtu = 68;
  is_asked(igmpv3_query(10));
  run_for(60s);
  EXPECT_THAT(sent,
              ElementsAre(Says(report_of({is_excluded("239.1.1.1"), is_excluded("239.2.2.2"),
                                          is_excluded("239.3.3.3"), is_excluded("239.4.4.4")})),
                          Says(report_of({is_excluded("239.5.5.5")}))));
}

TEST_F(IgmpHost, OnASmallMtuTheSourcesGoInSeveralRecords) {
  has_joined("239.1.1.1");
  eth0.mtu = 68;
  Igmpv3QueryFields eight;
  for (std::uint32_t i = 1; i <= 8; ++i) eight.sources.emplace_back(Ipv4Address(0x0a070000u + i));
  is_asked(igmpv3_query(10, "239.1.1.1", eight));
  run_for(60s);
  const auto head = std::vector(eight.sources.begin(), eight.sources.begin() + 7);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({is_included("239.1.1.1", head)})),
                                Says(report_of({is_included("239.1.1.1", {"10.7.0.8"})}))));
}

// --- Whom it believes --------------------------------------------------------------------------

TEST_F(IgmpHost, AQueryFromAfarIsNotBelieved) {  // RFC 3376 §9.1
  has_joined("239.1.1.1");
  const Octets alert = octets({148, 4, 0, 0});
  for (const Frame& header :
       {ipv4("10.0.1.254", "224.0.0.1", {.ttl = 64, .options = alert}),
        ipv4("10.0.1.254", "224.0.0.1", {.ttl = 1}), ipv4_of_igmp("10.0.1.254", "239.1.1.1")})
    for (const Frame& query : {igmpv2_query(10), igmpv3_query(10)})
      EXPECT_EQ(hears(header / query).error(), DropReason::igmp_untrusted) << header;
  run_for(60s);
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(counters.igmp_queries_received, 0u);
}

TEST_F(IgmpHost, AQueryToTheHostAloneIsAnswered) {  // RFC 3376 §4.1.12
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(10), "10.0.1.1");
  run_for(60s);
  EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(IgmpHost, AQueryOfVersion1HasNoOption) {
  has_joined("239.1.1.1");
  ASSERT_TRUE(hears(ipv4("10.0.1.254", "224.0.0.1", {.ttl = 1}) / igmpv1_query()));
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(v1_report_of("239.1.1.1"))));
}

TEST_F(IgmpHost, WhatIsForRoutersIsIgnored) {
  has_joined("239.1.1.1");
  const Frame header = ipv4_of_igmp("10.0.1.9", "224.0.0.22");
  EXPECT_EQ(hears(header / igmpv3_report({to_exclude("239.1.1.1")})).error(),
            DropReason::igmp_ignored);
  EXPECT_EQ(hears(header / igmpv2_leave("239.1.1.1")).error(), DropReason::igmp_ignored);
}

// --- Version 2 ---------------------------------------------------------------------------------

TEST_F(IgmpHost, AnOlderQuerierIsSpokenToInItsVersion) {  // RFC 3376 §7.2.1
  has_joined("239.1.1.1");
  has_joined("239.2.2.2");
  is_asked(igmpv2_query(50));
  EXPECT_EQ(igmp.version(eth0.index, now), IgmpVersion::v2);
  run_for(5s);
  EXPECT_THAT(sent, testing::UnorderedElementsAre(Says(v2_report_of("239.1.1.1")),
                                                  Says(v2_report_of("239.2.2.2"))));
}

TEST_F(IgmpHost, TheOlderQuerierIsForgottenInTime) {  // RFC 3376 §8.12: 2 * 125 s + 10 s
  has_joined("239.1.1.1");
  is_asked(igmpv2_query(50));
  run_for(259s);
  is_asked(igmpv3_query(10));
  EXPECT_EQ(igmp.version(eth0.index, now), IgmpVersion::v2)
      << "the newer one is heard out all the same";
  run_for(1s);
  EXPECT_EQ(igmp.version(eth0.index, now), IgmpVersion::v3);
  sent.clear();
  is_asked(igmpv3_query(10));
  run_for(10s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({is_excluded("239.1.1.1")}))));
}

TEST_F(IgmpHost, AGroupSpecificQueryOfVersion2ChangesNoVersion) {  // RFC 3376 §7.2.1
  has_joined("239.1.1.1");
  is_asked(igmpv2_query(10, "239.1.1.1"), "239.1.1.1");
  run_for(10s);
  EXPECT_THAT(sent, ElementsAre(Says(report_of({is_excluded("239.1.1.1")}))));
}

TEST_F(IgmpHost, WhatWasPendingEndsWithTheVersion) {  // RFC 3376 §7.2.1
  join("239.1.1.1");
  sent.clear();
  is_asked(igmpv2_query(100, "239.1.1.1"), "239.1.1.1");
  is_asked(igmpv2_query(1));
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(v2_report_of("239.1.1.1"))));
}

TEST_F(IgmpHost, JoiningIsToldTwiceInVersion2) {  // RFC 2236 §3, §8.10
  is_asked(igmpv2_query(1));
  join("239.1.1.1");
  EXPECT_THAT(sent, ElementsAre(Says(v2_report_of("239.1.1.1"))));
  run_for(10s);
  EXPECT_THAT(sent, SizeIs(2));
  run_for(60s);
  EXPECT_THAT(sent, SizeIs(2));
}

TEST_F(IgmpHost, AReportOfAnotherHostWillDo) {  // RFC 2236 §3
  has_joined("239.1.1.1");
  has_joined("239.2.2.2");
  is_asked(igmpv2_query(100));
  EXPECT_TRUE(hears(ipv4_of_igmp("10.0.1.9", "239.1.1.1") / igmpv2_report("239.1.1.1")));
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(v2_report_of("239.2.2.2"))));
}

TEST_F(IgmpHost, AReportOfAnotherHostDoesNotDoInVersion3) {  // RFC 3376 §7.2.2
  has_joined("239.1.1.1");
  is_asked(igmpv3_query(100));
  EXPECT_EQ(hears(ipv4_of_igmp("10.0.1.9", "239.1.1.1") / igmpv2_report("239.1.1.1")).error(),
            DropReason::igmp_ignored);
  run_for(60s);
  EXPECT_THAT(sent, SizeIs(1));
}

TEST_F(IgmpHost, OnlyWhoReportedLastLeavesAloud) {  // RFC 2236 §3
  is_asked(igmpv2_query(1));
  has_joined("239.1.1.1");
  has_joined("239.2.2.2");
  is_asked(igmpv2_query(100));
  ASSERT_TRUE(hears(ipv4_of_igmp("10.0.1.9", "239.1.1.1") / igmpv2_report("239.1.1.1")));
  run_for(11s);
  sent.clear();
  leave("239.1.1.1");
  EXPECT_THAT(sent, IsEmpty());
  leave("239.2.2.2");
  EXPECT_THAT(sent,
              ElementsAre(Says(ipv4_of_igmp("10.0.1.1", "224.0.0.2") / igmpv2_leave("239.2.2.2"))));
}

TEST_F(IgmpHost, ATimerRunsSoonerWhenAskedTo) {  // RFC 2236 §3
  has_joined("239.1.1.1");
  is_asked(igmpv2_query(255));
  run_for(1ms);
  is_asked(igmpv2_query(1, "239.1.1.1"), "239.1.1.1");
  run_for(101ms);
  EXPECT_THAT(sent, SizeIs(1));
  run_for(60s);
  EXPECT_THAT(sent, SizeIs(1));
}

// --- Version 1 ---------------------------------------------------------------------------------

TEST_F(IgmpHost, Version1HasReportsAndNoLeave) {
  is_asked(igmpv1_query());
  join("239.1.1.1");
  run_for(60s);
  EXPECT_THAT(sent, ElementsAre(Says(v1_report_of("239.1.1.1")), Says(v1_report_of("239.1.1.1"))));
  sent.clear();
  leave("239.1.1.1");
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(IgmpHost, BesideVersion1AnyQueryLeavesTenSeconds) {  // RFC 2236 §4
  has_joined("239.1.1.1");
  is_asked(igmpv1_query());
  run_for(30s);
  Duration most{};
  for (int i = 0; i < 20; ++i) {  // 200 of the 260 seconds that the old querier counts as present
    sent.clear();
    const Instant asked = now;
    is_asked(igmpv2_query(1));
    run_for(10s);
    ASSERT_THAT(sent, ElementsAre(Says(v1_report_of("239.1.1.1"))));
    most = std::max(most, sent[0].at - asked);
  }
  EXPECT_GT(most, 5s);
}

}  // namespace
}  // namespace smolstack::test
