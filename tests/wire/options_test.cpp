#include <ostream>
#include <vector>

#include <gtest/gtest.h>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/ipv4_options.hpp"

namespace smolstack {
namespace {

/// A header with these options, padded with end-of-list.
std::vector<std::byte> header_with(const std::vector<unsigned>& options) {
  std::vector<std::byte> bytes(20);
  for (const unsigned octet : options) bytes.push_back(static_cast<std::byte>(octet));
  bytes.resize((bytes.size() + 3) / 4 * 4);
  bytes[0] = static_cast<std::byte>(0x40 + bytes.size() / 4);
  return bytes;
}

struct Fault {
  std::string_view name;
  std::vector<unsigned> options;
  unsigned first, last;  ///< the pointer lies in here: within the option
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

class MalformedOption : public testing::TestWithParam<Fault> {};

TEST_P(MalformedOption, IsFoundAndPointedAt) {  // RFC 1812 §4.3.3.5
  const auto header = header_with(GetParam().options);
  const auto parsed = parse_ipv4_options(header);
  ASSERT_FALSE(parsed);
  EXPECT_GE(parsed.error().pointer, GetParam().first);
  EXPECT_LE(parsed.error().pointer, GetParam().last);
}

// Lengths of 0 and 1 were endless loops in other stacks (AMNESIA:33).
INSTANTIATE_TEST_SUITE_P(
    Options, MalformedOption,
    testing::Values(
        Fault{"length_zero", {7, 0, 4, 0}, 20, 21}, Fault{"length_one", {7, 1, 4, 0}, 20, 21},
        Fault{"unknown_with_length_zero", {0x5e, 0, 0, 0}, 20, 21},
        Fault{"unknown_with_length_one", {0x5e, 1, 0, 0}, 20, 21},
        Fault{"past_the_end", {7, 11, 4, 0}, 20, 22},
        Fault{"no_length_at_all", {1, 1, 1, 7}, 23, 23},
        Fault{"record_route_pointer_below_four", {7, 7, 3, 0, 0, 0, 0}, 20, 22},
        Fault{"record_route_pointer_zero", {7, 7, 0, 0, 0, 0, 0}, 20, 22},
        Fault{"record_route_with_half_a_place", {7, 9, 8, 1, 2, 3, 4, 0, 0, 0, 0, 0}, 20, 22},
        Fault{"record_route_too_short", {7, 2, 0, 0}, 20, 22},
        Fault{"timestamp_pointer_below_five", {68, 8, 4, 0, 0, 0, 0, 0}, 20, 22},
        Fault{"timestamp_too_short", {68, 3, 5, 0}, 20, 22}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ParseOptions, FindsWhatItKnows) {
  const auto header = header_with({1, 7, 7, 4, 0, 0, 0, 0, 68, 8, 5, 0, 0, 0, 0, 0});
  const auto parsed = parse_ipv4_options(header);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->record_route, 21);
  EXPECT_EQ(parsed->timestamp, 28);
  EXPECT_EQ(parsed->source_route, 0);
  EXPECT_FALSE(parsed->router_alert);
}

TEST(ParseOptions, TakesAFullRecordRoute) {  // RFC 791 page 20: pointer beyond the length
  EXPECT_TRUE(parse_ipv4_options(header_with({7, 7, 8, 1, 2, 3, 4})));
}

TEST(ParseOptions, KnowsSourceRoutesAndRouterAlert) {
  EXPECT_NE(parse_ipv4_options(header_with({131, 7, 4, 0, 0, 0, 0}))->source_route, 0);
  EXPECT_NE(parse_ipv4_options(header_with({137, 7, 4, 0, 0, 0, 0}))->source_route, 0);
  EXPECT_TRUE(parse_ipv4_options(header_with({148, 4, 0, 0}))->router_alert);
}

TEST(ParseOptions, StopsAtTheEndOfTheList) {  // RFC 791 §3.1: what follows is no option
  EXPECT_TRUE(parse_ipv4_options(header_with({1, 0, 7, 0})));
}

TEST(ParseOptions, PassesOverUnknownOptionsOfCorrectForm) {  // RFC 1122 §3.2.1.8
  EXPECT_TRUE(parse_ipv4_options(header_with({0x5e, 4, 1, 2, 0xde, 2, 1, 1})));
}

TEST(ParseOptions, EndsOnRandomBytes) {
  Random random(6);
  for (int i = 0; i < 200'000; ++i) {
    std::vector<std::byte> header(20 + 4 * random.below(11));
    for (auto& octet : header) octet = static_cast<std::byte>(random.below(i % 2 == 0 ? 256 : 12));
    header[0] = static_cast<std::byte>(0x40 + header.size() / 4);
    const auto parsed = parse_ipv4_options(header);
    if (!parsed) {
      ASSERT_LT(parsed.error().pointer, header.size());
    }
  }
}

}  // namespace
}  // namespace smolstack
