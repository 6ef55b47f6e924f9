// IGMP messages as they come: RFC 3376 §4, RFC 2236 §2, RFC 1112 appendix I.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/support/frame.hpp"
#include "smolstack/wire/igmp.hpp"

namespace smolstack::test {
namespace {

using namespace std::chrono_literals;

std::optional<DropReason> refused(const Octets& bytes) {
  const auto parsed = parse_igmp(bytes);
  return parsed ? std::nullopt : std::optional(parsed.error());
}
std::optional<DropReason> refused(const Frame& frame) {
  return refused(encode(frame));
}
/// With its checksum made right.
Octets finished(Octets bytes) {
  finish_igmp(bytes);
  return bytes;
}

TEST(IgmpCode, IsAFloatFrom128On) {  // RFC 3376 §4.1.1
  EXPECT_EQ(igmp_code_value(0), 0u);
  EXPECT_EQ(igmp_code_value(100), 100u);
  EXPECT_EQ(igmp_code_value(127), 127u);
  EXPECT_EQ(igmp_code_value(0x80), 128u);
  EXPECT_EQ(igmp_code_value(0x8f), 248u);
  EXPECT_EQ(igmp_code_value(0x90), 256u);
  EXPECT_EQ(igmp_code_value(0xff), 31744u);
}

TEST(IgmpQuery, OfVersion1LeavesTenSeconds) {
  const Octets bytes = encode(igmpv1_query());
  const auto query = parse_igmp(bytes);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->kind, IgmpKind::query);
  EXPECT_EQ(query->version, IgmpVersion::v1);
  EXPECT_EQ(query->max_response, 10s);
}

TEST(IgmpQuery, OfVersion2HasNoFloat) {  // RFC 2236 §2.2
  const Octets bytes = encode(igmpv2_query(0xff, "239.1.2.3"));
  const auto query = parse_igmp(bytes);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->version, IgmpVersion::v2);
  EXPECT_EQ(query->max_response, 25500ms);
  EXPECT_EQ(query->group, address("239.1.2.3"));
}

TEST(IgmpQuery, OfVersion3SaysMore) {
  const Octets bytes = encode(igmpv3_query(
      0x80, "239.1.2.3", {.robustness = 0x8a, .interval_code = 0x90, .sources = {"10.0.1.7"}}));
  const auto query = parse_igmp(bytes);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->version, IgmpVersion::v3);
  EXPECT_EQ(query->max_response, 12800ms);
  EXPECT_EQ(query->robustness, 2u) << "the S flag and what is reserved are no part of it";
  EXPECT_EQ(query->query_interval, 256s);
  ASSERT_EQ(query->source_count(), 1u);
  EXPECT_EQ(query->source(0), address("10.0.1.7"));
}

TEST(IgmpQuery, MayHaveMoreBehindItsSources) {  // RFC 3376 §4.1.10
  Octets bytes = encode(igmpv3_query(10, "239.1.2.3", {.sources = {"10.0.1.7"}}));
  bytes.resize(bytes.size() + 6);
  bytes = finished(bytes);
  ASSERT_TRUE(parse_igmp(bytes));
  EXPECT_EQ(parse_igmp(bytes)->source_count(), 1u);
}

TEST(IgmpQuery, OfALengthThatNoVersionHasIsRefused) {  // RFC 3376 §7.1
  for (std::size_t length = 9; length < 12; ++length) {
    Octets bytes = encode(igmpv3_query(10));
    bytes.resize(length);
    EXPECT_EQ(refused(finished(bytes)), DropReason::igmp_malformed) << length;
  }
}

TEST(IgmpQuery, WithFewerSourcesThanItSaysIsRefused) {
  Octets bytes = encode(igmpv3_query(10, "239.1.2.3", {.sources = {"10.0.1.7", "10.0.1.8"}}));
  bytes.resize(bytes.size() - 1);
  EXPECT_EQ(refused(finished(bytes)), DropReason::igmp_malformed);
}

TEST(IgmpQuery, AboutSourcesOfNoGroupIsRefused) {
  EXPECT_EQ(refused(igmpv3_query(10, {}, {.sources = {"10.0.1.7"}})), DropReason::igmp_malformed);
}

TEST(IgmpQuery, AboutWhatIsNoGroupIsRefused) {
  EXPECT_EQ(refused(igmpv2_query(10, "10.0.1.7")), DropReason::igmp_malformed);
}

TEST(IgmpMessages, OfOtherHostsNameTheirGroup) {
  for (const Frame& frame : {igmpv1_report("239.1.2.3"), igmpv2_report("239.1.2.3")}) {
    const Octets bytes = encode(frame);
    const auto report = parse_igmp(bytes);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->kind, IgmpKind::report);
    EXPECT_EQ(report->group, address("239.1.2.3"));
  }
  EXPECT_EQ(refused(igmpv2_report("10.0.1.7")), DropReason::igmp_malformed);
}

TEST(IgmpMessages, ForRoutersAreNoConcernOfAHost) {  // RFC 3376 §4: unknown types are ignored
  for (const Frame& frame : {igmpv2_leave("239.1.2.3"), igmpv3_report({to_exclude("239.1.2.3")}),
                             Frame(Layer(IgmpLayer{0x13, 0, {}, {}}))}) {
    const Octets bytes = encode(frame);
    const auto message = parse_igmp(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, IgmpKind::other);
  }
}

TEST(IgmpMessages, ThatAreShortOrCorruptAreRefused) {  // RFC 3376 §4.1.2
  Octets bytes = encode(igmpv1_query());
  bytes.resize(7);
  EXPECT_EQ(refused(bytes), DropReason::igmp_malformed);
  EXPECT_EQ(refused(Octets{}), DropReason::igmp_malformed);
  EXPECT_EQ(refused(Frame(Layer(IgmpLayer{0x16, 0, "239.1.2.3", 0x1234}))),
            DropReason::igmp_malformed);
}

}  // namespace
}  // namespace smolstack::test
