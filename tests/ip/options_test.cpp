#include "smolstack/ip/options.hpp"

#include <gtest/gtest.h>

#include "ip/packets.hpp"

namespace smolstack::test {
namespace {

using Header = std::vector<std::byte>;

Header with(std::initializer_list<unsigned> options) {
  Header bytes(20);
  for (const unsigned octet : options) bytes.push_back(static_cast<std::byte>(octet));
  bytes[0] = static_cast<std::byte>(0x40 + bytes.size() / 4);
  return bytes;
}

bool is_10_0_0_1(const void*, Ipv4Address address) {
  return address == Ipv4Address(10, 0, 0, 1);
}
constexpr OptionStamp ours{{10, 0, 2, 1}, 0x01020304, is_10_0_0_1, nullptr};

/// The header after we wrote into it.
Header stamped(Header header) {
  const auto options = parse_ipv4_options(header);
  EXPECT_TRUE(options && stamp_options(header, *options, ours));
  return header;
}

TEST(StampOptions, EntersTheAddressIntoRecordRoute) {  // RFC 791 page 20
  EXPECT_EQ(stamped(with({7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0})),
            with({7, 11, 8, 10, 0, 2, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(stamped(with({7, 11, 8, 1, 1, 1, 1, 0, 0, 0, 0, 0})),
            with({7, 11, 12, 1, 1, 1, 1, 10, 0, 2, 1, 0}));
}

TEST(StampOptions, LeavesAFullRecordRouteAlone) {
  EXPECT_EQ(stamped(with({7, 7, 8, 1, 1, 1, 1, 0})), with({7, 7, 8, 1, 1, 1, 1, 0}));
}

TEST(StampOptions, EntersTimeAndAddress) {  // RFC 791 page 22
  EXPECT_EQ(stamped(with({68, 8, 5, 0, 0, 0, 0, 0})), with({68, 8, 9, 0, 1, 2, 3, 4}));
  EXPECT_EQ(stamped(with({68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0})),
            with({68, 12, 13, 1, 10, 0, 2, 1, 1, 2, 3, 4}));
  EXPECT_EQ(stamped(with({68, 12, 5, 3, 10, 0, 0, 1, 0, 0, 0, 0})),
            with({68, 12, 13, 3, 10, 0, 0, 1, 1, 2, 3, 4}));
  EXPECT_EQ(stamped(with({68, 12, 5, 3, 10, 0, 0, 2, 0, 0, 0, 0})),
            with({68, 12, 5, 3, 10, 0, 0, 2, 0, 0, 0, 0}));
}

TEST(StampOptions, TakesNothingElseForAnOption) {
  Header header = with({1, 1, 1, 1});
  header[1] = std::byte{0xff};  // the type of service, where a length would be
  EXPECT_EQ(stamped(header), header);
}

TEST(StampOptions, CountsWhoFoundNoRoom) {
  EXPECT_EQ(stamped(with({68, 8, 9, 0xe0, 9, 9, 9, 9})), with({68, 8, 9, 0xf0, 9, 9, 9, 9}));
  Header full = with({68, 8, 9, 0xf0, 9, 9, 9, 9});
  EXPECT_FALSE(stamp_options(full, *parse_ipv4_options(full), ours));
}

TEST(CopiedOptions, AreThoseWithTheFlag) {  // RFC 791 §3.1
  const Header header = with({148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1, 0x85, 3, 9, 0});
  Header copied(40);
  copied.resize(copied_options(header, copied));
  const Header wanted = with({148, 4, 0, 0, 0x85, 3, 9, 0});
  EXPECT_EQ(copied, Header(wanted.begin() + 20, wanted.end()));
}

TEST(CopiedOptions, ArePaddedToWholeWords) {  // RFC 791 §3.1
  for (unsigned length = 2; length <= 9; ++length) {
    Header header = with({0x85, length, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0});
    std::fill(header.begin() + 20 + length, header.end(), std::byte{0});
    Header copied(40, std::byte{0xff});
    const std::size_t size = copied_options(header, copied);
    EXPECT_EQ(size, (length + 3) / 4 * 4);
    EXPECT_TRUE(std::equal(copied.begin(), copied.begin() + static_cast<std::ptrdiff_t>(size),
                           header.begin() + 20))
        << length;
    EXPECT_EQ(copied[size], std::byte{0xff}) << "nothing is written behind them";
  }
}

TEST(KeepReplyOptions, LeavesRecordRouteAndTimestamp) {  // RFC 1122 §3.2.2.6
  Header header = with({148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0});
  keep_reply_options(header, *parse_ipv4_options(header));
  EXPECT_EQ(header, with({1, 1, 1, 1, 7, 7, 4, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace smolstack::test
