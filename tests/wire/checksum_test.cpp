#include "smolstack/wire/checksum.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {
namespace {

/// RFC 1071 §4.1, octet by octet: slow, and obviously right.
std::uint16_t plain_checksum(ConstBytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? octet << 8 : octet;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

std::vector<std::byte> random_bytes(std::size_t count, Random& random) {
  std::vector<std::byte> made(count);
  for (auto& octet : made) octet = static_cast<std::byte>(random.below(256));
  return made;
}

TEST(InternetChecksum, IsThatOfTheRfcsExample) {  // RFC 1071 §3
  const std::vector<std::byte> example{std::byte{0x00}, std::byte{0x01}, std::byte{0xf2},
                                       std::byte{0x03}, std::byte{0xf4}, std::byte{0xf5},
                                       std::byte{0xf6}, std::byte{0xf7}};
  EXPECT_EQ(internet_checksum(example), 0x220d);
}

TEST(InternetChecksum, AgreesWithThePlainSumForEveryLengthAndAlignment) {
  Random random(1);
  const auto bytes = random_bytes(400, random);
  for (std::size_t start = 0; start < 16; ++start)
    for (std::size_t length = 0; length <= 300; ++length) {
      const auto part = ConstBytes(bytes).subspan(start, length);
      ASSERT_EQ(internet_checksum(part), plain_checksum(part)) << start << ' ' << length;
    }
}

TEST(InternetChecksum, CarriesEveryCarry) {
  for (const unsigned fill : {0x00u, 0xffu, 0xfeu, 0x80u, 0x01u})
    for (const std::size_t length : {0u, 1u, 2u, 3u, 7u, 8u, 31u, 32u, 33u, 1500u, 65535u}) {
      const std::vector<std::byte> bytes(length, static_cast<std::byte>(fill));
      ASSERT_EQ(internet_checksum(bytes), plain_checksum(bytes)) << fill << " x " << length;
    }
}

TEST(InternetChecksum, AgreesWithThePlainSumOfRandomDatagrams) {
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    const auto bytes = random_bytes(random.below(65536), random);
    ASSERT_EQ(internet_checksum(bytes), plain_checksum(bytes)) << bytes.size();
  }
}

TEST(InternetChecksum, OfAMessageWithItsChecksumIsZero) {
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    auto bytes = random_bytes(2 + random.below(200), random);
    bytes[0] = bytes[1] = std::byte{0};
    const std::uint16_t sum = internet_checksum(bytes);
    bytes[0] = static_cast<std::byte>(sum >> 8);
    bytes[1] = static_cast<std::byte>(sum & 0xff);
    ASSERT_EQ(internet_checksum(bytes), 0);
  }
}

TEST(ChecksumSum, OfPartsIsThatOfTheWhole) {
  Random random(4);
  const auto bytes = random_bytes(600, random);
  for (std::size_t cut = 0; cut <= 600; cut += 2) {
    ChecksumSum sum;
    sum.add(ConstBytes(bytes).first(cut)).add(ConstBytes(bytes).subspan(cut));
    ASSERT_EQ(sum.finish(), plain_checksum(bytes)) << cut;
  }
}

TEST(ChecksumSum, TakesThePseudoHeaderAsBytesWould) {  // RFC 768
  const std::vector<std::byte> segment(13, std::byte{0x5a});
  auto sum = pseudo_header_sum(Ipv4Address(10, 0, 1, 2), Ipv4Address(192, 168, 3, 4), 17, 13);
  constexpr auto pseudo_header =
      std::to_array<std::uint8_t>({10, 0, 1, 2, 192, 168, 3, 4, 0, 17, 0, 13});
  std::vector<std::byte> whole(pseudo_header.size() + segment.size(), std::byte{0x5a});
  for (std::size_t i = 0; i < pseudo_header.size(); ++i) whole[i] = std::byte{pseudo_header[i]};
  EXPECT_EQ(sum.add(segment).finish(), plain_checksum(whole));
}

// RFC 1624 §4: the old rule of RFC 1141 went wrong where the sum is zero; here all changes of one
// word from a set that holds the corners, over every value of the rest of the header.
TEST(UpdateChecksum, EqualsTheFullChecksumForEveryHeader) {
  for (const unsigned before :
       {0x0000u, 0x0001u, 0x00ffu, 0x0100u, 0x4001u, 0x8000u, 0xfffeu, 0xffffu})
    for (const unsigned after : {0x0000u, 0x0001u, 0x3f01u, 0x7fffu, 0xff00u, 0xfffeu, 0xffffu})
      for (std::uint32_t rest = 1; rest <= 0xffff; ++rest) {
        const auto full = [rest](unsigned word) {
          const std::uint32_t sum = rest + word;
          return static_cast<std::uint16_t>(~((sum & 0xffff) + (sum >> 16)));
        };
        const auto updated = update_checksum(full(before), static_cast<std::uint16_t>(before),
                                             static_cast<std::uint16_t>(after));
        ASSERT_EQ(updated, full(after)) << before << ' ' << after << ' ' << rest;
      }
}

TEST(UpdateChecksum, OfTheRfcsExampleIsZero) {  // RFC 1624 §4
  EXPECT_EQ(update_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

TEST(DecrementTtl, LeavesTheChecksumRightForEveryTtlAndIdentification) {  // RFC 1624
  std::array<std::byte, 20> bytes{};
  for (unsigned ttl = 1; ttl <= 255; ++ttl)
    for (std::uint32_t id = 0; id <= 0xffff; id += 13) {
      auto& ip = header_at<wire::Ipv4Header>(Bytes(bytes));
      ip = {};
      ip.total_length = std::uint16_t{20};
      ip.identification = static_cast<std::uint16_t>(id);
      ip.ttl = static_cast<std::uint8_t>(ttl);
      ip.source = Ipv4Address(10, 0, 1, 9);
      finish_ipv4_header(bytes);
      ip.decrement_ttl();
      ASSERT_EQ(ip.ttl, ttl - 1);
      ASSERT_EQ(internet_checksum(bytes), 0) << ttl << ' ' << id;
    }
}

}  // namespace
}  // namespace smolstack
