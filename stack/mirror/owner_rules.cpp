#include <array>
#include <bit>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_arp.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "smolstack/mirror/nft_batch.hpp"
#include "smolstack/mirror/owners.hpp"
#include "smolstack/mirror/rows.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/icmpv4.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::mirror {
namespace {

constexpr std::string_view table = "smolstack";

/// A value as it lies in a register: of the packet in network order, of the kernel in its own.
template <class Value>
std::array<std::byte, sizeof(Value)> raw(const Value& value) {
  return std::bit_cast<std::array<std::byte, sizeof(Value)>>(value);
}

// --- At the ingress of a mirror ------------------------------------------------------------------

/// What we send is shown on the mirror; the kernel must not take it for something received.
NftRule our_own_frames(const MacAddress& mac) {
  NftRule rule;
  rule.payload(NFT_PAYLOAD_LL_HEADER, offsetof(wire::EthernetHeader, source), sizeof mac)
      .is(raw(mac))
      .drop();
  return rule;
}

/// ARP, and what only raw programs know: theirs to see. The kernel's ARP is deaf, see below.
NftRule other_protocols() {
  NftRule rule;
  rule.meta(NFT_META_PROTOCOL).is_not(raw(Big16(ether_type::ipv4))).accept();
  return rule;
}

/// Transit, and what the kernel would take for it: it is forwarded or refused by us alone.
NftRule for_others() {
  NftRule rule;
  rule.destination_type()
      .is_outside(raw(std::uint32_t{RTN_LOCAL}), raw(std::uint32_t{RTN_MULTICAST}))
      .drop();
  return rule;
}

/// A later fragment has no ICMP header: what stands in its place is data, and may be anything.
NftRule icmp_request(std::uint8_t type) {
  constexpr std::uint16_t offset_bits = 0x1fff;  // RFC 791 §3.1
  NftRule rule;
  rule.meta(NFT_META_L4PROTO)
      .is(raw(ip_protocol::icmp))
      .payload(NFT_PAYLOAD_NETWORK_HEADER, offsetof(wire::Ipv4Header, flags_offset),
               sizeof offset_bits)
      .masked(raw(Big16(offset_bits)))
      .is(raw(Big16(std::uint16_t{0})))
      .payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof type)
      .is(raw(type))
      .drop();
  return rule;
}

void add_ingress(NftBatch& batch, const OwnedLink& link) {
  batch.add_chain(NFPROTO_NETDEV, table, link.name,
                  {.number = NF_NETDEV_INGRESS, .device = link.name});
  const auto add = [&](const NftRule& rule) {
    batch.add_rule(NFPROTO_NETDEV, table, link.name, rule);
  };
  add(our_own_frames(link.mac));
  add(other_protocols());
  add(for_others());
  add(icmp_request(icmpv4_type::echo_request));
  add(icmp_request(icmpv4_type::timestamp));
}

// --- What the kernel says by itself --------------------------------------------------------------

/// Of the machine to itself: a program is told that a neighbour did not answer.
NftRule to_ourselves() {
  NftRule rule;
  rule.meta(NFT_META_OIF).is(raw(std::uint32_t{loopback_ifindex})).accept();
  return rule;
}

/// Programs' sockets have a user, whoever it is; the socket by which the kernel speaks has none,
/// and the condition fails.
NftRule of_programs() {
  NftRule rule;
  rule.meta(NFT_META_SKUID).is_at_least(raw(std::uint32_t{0})).accept();
  return rule;
}

/// Errors about datagrams that no socket took, and that is the kernel's to know.
NftRule unreachable(std::uint8_t code) {
  NftRule rule;
  rule.meta(NFT_META_L4PROTO)
      .is(raw(ip_protocol::icmp))
      .payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2)
      .is(raw(std::array{icmpv4_type::destination_unreachable, code}))
      .accept();
  return rule;
}

/// The kernel puts fragments together for its sockets, so it owes this one (RFC 1122 §3.3.2); but
/// for ICMP, which we put together too.
NftRule reassembly_exceeded() {
  constexpr std::uint32_t quoted_protocol =
      sizeof(wire::Icmpv4Header) + offsetof(wire::Ipv4Header, protocol);
  constexpr std::uint8_t reassembly_time = 1;
  NftRule rule;
  rule.meta(NFT_META_L4PROTO)
      .is(raw(ip_protocol::icmp))
      .payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2)
      .is(raw(std::array{icmpv4_type::time_exceeded, reassembly_time}))
      .payload(NFT_PAYLOAD_TRANSPORT_HEADER, quoted_protocol, 1)
      .is_not(raw(ip_protocol::icmp))
      .accept();
  return rule;
}

NftRule other_icmp() {
  NftRule rule;
  rule.meta(NFT_META_L4PROTO).is(raw(ip_protocol::icmp)).drop();
  return rule;
}

void add_output(NftBatch& batch) {
  constexpr std::uint8_t protocol_unreachable = 2;
  constexpr std::uint8_t port_unreachable = 3;
  batch.add_chain(NFPROTO_IPV4, table, "output", {.number = NF_INET_LOCAL_OUT});
  for (const NftRule& rule : {to_ourselves(), of_programs(), unreachable(protocol_unreachable),
                              unreachable(port_unreachable), reassembly_exceeded(), other_icmp()})
    batch.add_rule(NFPROTO_IPV4, table, "output", rule);
}

void add_nothing_by_the_kernel(NftBatch& batch) {
  batch.add_chain(NFPROTO_IPV4, table, "forward", {.number = NF_INET_FORWARD, .accepts = false});
  batch.add_chain(NFPROTO_ARP, table, "input", {.number = NF_ARP_IN, .accepts = false});
  batch.add_chain(NFPROTO_ARP, table, "output", {.number = NF_ARP_OUT, .accepts = false});
}

// --- Faults --------------------------------------------------------------------------------------

Error mendable(Error error) {
  for (const int number : {ENOENT, EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT})
    if (error.code == std::error_code(number, std::generic_category()))
      error.code = MirrorError::no_nf_tables;
  if (error.code == std::errc::operation_not_permitted) error.code = MirrorError::needs_net_admin;
  return error;
}

Expected<void, Error> commit(NftBatch& batch, std::string doing) {
  auto done = batch.commit(std::move(doing));
  if (!done) done = unexpected(mendable(std::move(done.error())));
  return done;
}

}  // namespace

Expected<void, Error> set_owner_rules(std::span<const OwnedLink> links) {
  NftBatch batch;
  for (const std::uint16_t family : {NFPROTO_NETDEV, NFPROTO_ARP, NFPROTO_IPV4})
    batch.renew_table(family, table);
  for (const OwnedLink& link : links) {
    if (::if_nametoindex(link.name.c_str()) == 0)
      return unexpected(Error{MirrorError::no_such_link, "putting owner rules on " + link.name});
    add_ingress(batch, link);
  }
  add_output(batch);
  add_nothing_by_the_kernel(batch);
  return commit(batch, "putting owner rules into the machine's network namespace");
}

Expected<void, Error> clear_owner_rules() {
  NftBatch batch;
  for (const std::uint16_t family : {NFPROTO_NETDEV, NFPROTO_ARP, NFPROTO_IPV4})
    batch.remove_table(family, table);
  return commit(batch, "taking owner rules out of the machine's network namespace");
}

}  // namespace smolstack::mirror
