// RFC 9293 §3.10.7.1, the state CLOSED, as a table.

#include "smolstack/tcp/reset.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "smolstack/wire/ipv4.hpp"

namespace smolstack {
namespace {

using namespace tcp_flag;

struct Row {
  std::string_view name;
  unsigned flags;
  std::uint32_t sequence, acknowledgment;
  std::size_t length;
  unsigned reset_flags;  ///< 0: no reset
  std::uint32_t reset_sequence, reset_acknowledgment;
};

// "If the ACK bit is off, sequence number zero is used, <SEQ=0><ACK=SEG.SEQ+SEG.LEN>
// <CTL=RST,ACK>. If the ACK bit is on, <SEQ=SEG.ACK><CTL=RST>."
const Row rows[] = {
    {"syn", syn, 1000, 0, 0, rst | ack, 0, 1001},
    {"syn with data", syn, 1000, 0, 10, rst | ack, 0, 1011},
    {"syn at the end of the numbers", syn, 0xffffffff, 0, 0, rst | ack, 0, 0},
    {"syn and ack", syn | ack, 1000, 77, 0, rst, 77, 0},
    {"ack", ack, 1000, 4242, 0, rst, 4242, 0},
    {"data and ack", psh | ack, 1000, 4242, 512, rst, 4242, 0},
    {"fin", fin, 1000, 0, 0, rst | ack, 0, 1001},
    {"syn and fin", syn | fin, 1000, 0, 5, rst | ack, 0, 1007},
    {"fin and ack", fin | ack, 1000, 99, 0, rst, 99, 0},
    {"null scan", 0, 1000, 0, 0, rst | ack, 0, 1000},
    {"xmas scan", fin | psh | urg, 1000, 0, 0, rst | ack, 0, 1001},
    {"reset", rst, 1000, 0, 0, 0, 0, 0},
    {"reset and ack", rst | ack, 1000, 5, 0, 0, 0, 0},
    {"syn and reset", syn | rst, 1000, 0, 0, 0, 0, 0},
};

TEST(TcpReset, IsThatOfTheStateClosed) {
  for (const Row& row : rows) {
    wire::TcpHeader segment;
    segment.source_port = std::uint16_t{5000};
    segment.destination_port = std::uint16_t{80};
    segment.flags = static_cast<std::uint8_t>(row.flags);
    segment.sequence = row.sequence;
    segment.acknowledgment = row.acknowledgment;
    const auto reset = reset_for(segment, row.length);
    ASSERT_EQ(reset.has_value(), row.reset_flags != 0) << row.name;
    if (!reset) continue;
    EXPECT_EQ(reset->flags, row.reset_flags) << row.name;
    EXPECT_EQ(reset->sequence, row.reset_sequence) << row.name;
    EXPECT_EQ(reset->acknowledgment, row.reset_acknowledgment) << row.name;
    EXPECT_EQ(reset->source_port, 80) << row.name;
    EXPECT_EQ(reset->destination_port, 5000) << row.name;
    EXPECT_EQ(reset->header_length(), 20u) << row.name;
  }
}

class TcpInput : public testing::Test {
 protected:
  /// A datagram whose TCP segment has these flags, its checksum right.
  Packet datagram(std::uint8_t flags, std::size_t data) {
    Packet packet = pool.allocate(40 + data);
    packet.append(40 + data);
    std::ranges::fill(packet.bytes(), std::byte{0x21});
    auto& ip = packet.header<wire::Ipv4Header>() = wire::Ipv4Header();
    ip.protocol = ip_protocol::tcp;
    ip.total_length = static_cast<std::uint16_t>(40 + data);
    ip.source = there;
    ip.destination = here;
    const Bytes segment = packet.bytes().subspan(20);
    auto& tcp = header_at<wire::TcpHeader>(segment) = wire::TcpHeader();
    tcp.flags = flags;
    tcp.sequence = 100u;
    auto sum = pseudo_header_sum(there, here, 6, segment.size());
    tcp.checksum = sum.add(segment).finish();
    return packet;
  }

  PacketPool pool{{.small = 8, .large = 0}};
  const Ipv4Address here{10, 0, 0, 1};
  const Ipv4Address there{10, 0, 0, 2};
};

TEST_F(TcpInput, AnswersWithAResetWhoseChecksumIsRight) {
  const TcpVerdict verdict = tcp_input(pool, datagram(syn, 3), Destination::local);
  EXPECT_EQ(verdict.reason, DropReason::no_socket);
  ASSERT_TRUE(verdict.reset);
  const auto reset = parse_tcp(verdict.reset.bytes(), here, there);
  ASSERT_TRUE(reset);
  EXPECT_EQ((*reset)->acknowledgment, 104u);
}

TEST_F(TcpInput, AnswersNeitherResetsNorDamage) {
  EXPECT_FALSE(tcp_input(pool, datagram(rst, 0), Destination::local).reset);
  Packet damaged = datagram(syn, 3);
  damaged.bytes().back() ^= std::byte{1};
  const TcpVerdict verdict = tcp_input(pool, damaged, Destination::local);
  EXPECT_FALSE(verdict.reset);
  EXPECT_EQ(verdict.reason, DropReason::transport_checksum);
}

TEST_F(TcpInput, AnswersNoGroup) {  // RFC 9293 §3.9.2.3
  EXPECT_FALSE(tcp_input(pool, datagram(syn, 0), Destination::broadcast).reset);
  EXPECT_FALSE(tcp_input(pool, datagram(syn, 0), Destination::group).reset);
  Packet in_a_broadcast = datagram(syn, 0);
  in_a_broadcast->link_broadcast = true;
  EXPECT_FALSE(tcp_input(pool, in_a_broadcast, Destination::local).reset);
}

TEST_F(TcpInput, SurvivesAnEmptyPool) {
  const Packet segment = datagram(syn, 0);
  std::vector<Packet> hoard;
  while (Packet packet = pool.allocate(1)) hoard.push_back(std::move(packet));
  EXPECT_FALSE(tcp_input(pool, segment, Destination::local).reset);
}

}  // namespace
}  // namespace smolstack
