#pragma once
// Why a packet ended. The one closed list of the project: the words are the same on the command
// line, in JSON and in captures, and the sentence names the rule.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace smolstack {

/// In the order of a packet's walk through the stack.
enum class DropReason : std::uint8_t {
  // The device's own header
  offload_malformed,
  // Ethernet
  runt_frame,
  frame_too_long,
  bad_source_mac,
  own_frame,
  other_mac,
  unknown_ethertype,
  // ARP
  arp_malformed,
  arp_bad_sender,
  arp_conflict,
  // IPv4 header
  truncated,
  bad_version,
  bad_header_length,
  bad_total_length,
  bad_checksum,
  martian_source,
  martian_destination,
  rp_filter,
  option_malformed,
  source_route,
  link_broadcast,
  // Local or forward
  not_for_us,
  forwarding_off,
  multicast_transit,
  link_local,
  no_route,
  blackhole,
  unreachable,
  prohibit,
  ttl_expired,
  mtu_exceeded,
  interface_down,
  // Reassembly
  fragment_malformed,
  fragment_overlap,
  reassembly_timeout,
  reassembly_full,
  // Link addresses
  neighbor_queue_full,
  neighbor_table_full,
  neighbor_unresolved,
  // Local delivery
  unknown_protocol,
  icmp_malformed,
  icmp_ignored,
  echo_ignored,
  igmp_malformed,
  igmp_untrusted,
  igmp_ignored,
  transport_malformed,
  transport_checksum,
  no_socket,
  inbox_full,
  // Resources and devices
  no_buffer,
  punt_queue_full,
  device_full,
  device_down,
  // Impairments, as an administrator asked for them
  impaired_loss,
  impaired_queue,
};

/// Whether the packet itself was broken, or was good and could not be taken further.
enum class DropKind : std::uint8_t { malformed, refused };

struct DropReasonEntry {
  DropReason reason;
  DropKind kind;
  std::string_view word;
  std::string_view sentence;
};

inline constexpr auto drop_reason_entries = [] {
  using R = DropReason;
  constexpr auto malformed = DropKind::malformed;
  constexpr auto refused = DropKind::refused;
  return std::to_array<DropReasonEntry>({
      {R::offload_malformed, malformed, "offload_malformed",
       "the device's word on checksum and segments does not fit the frame (virtio 1.2 §5.1.6)"},
      {R::runt_frame, malformed, "runt_frame", "shorter than an Ethernet header (IEEE 802.3)"},
      {R::frame_too_long, malformed, "frame_too_long",
       "longer than the interface's MTU allows (RFC 894)"},
      {R::bad_source_mac, malformed, "bad_source_mac",
       "the sender's MAC is a group address (RFC 1812 §3.3.2)"},
      {R::own_frame, refused, "own_frame", "our own frame came back to us (IEEE 802.3)"},
      {R::other_mac, refused, "other_mac", "a frame for another station (RFC 1122 §3.3.6)"},
      {R::unknown_ethertype, refused, "unknown_ethertype",
       "neither IPv4 nor ARP (RFC 1122 §2.3.1)"},
      {R::arp_malformed, malformed, "arp_malformed",
       "truncated, or not a request or reply for Ethernet and IPv4 (RFC 826)"},
      {R::arp_bad_sender, malformed, "arp_bad_sender",
       "ARP from an address that no single host can have (RFC 1812 §3.3.2)"},
      {R::arp_conflict, refused, "arp_conflict",
       "ARP from somebody else who claims our address (RFC 5227 §2.4)"},
      {R::truncated, malformed, "truncated", "shorter than an IPv4 header (RFC 1812 §5.2.2)"},
      {R::bad_version, malformed, "bad_version", "IP version is not 4 (RFC 1812 §5.2.2)"},
      {R::bad_header_length, malformed, "bad_header_length",
       "header length below 20 or past the end (RFC 1812 §5.2.2)"},
      {R::bad_total_length, malformed, "bad_total_length",
       "total length below the header or past the end (RFC 1812 §5.2.2)"},
      {R::bad_checksum, malformed, "bad_checksum", "IPv4 header checksum (RFC 1812 §5.2.2)"},
      {R::martian_source, refused, "martian_source",
       "a source address that no other host can have (RFC 1812 §5.3.7)"},
      {R::martian_destination, refused, "martian_destination",
       "a destination that cannot be on a wire (RFC 1812 §5.3.7)"},
      {R::rp_filter, refused, "rp_filter",
       "the way back to the source leads elsewhere (RFC 3704 §2.2)"},
      {R::option_malformed, malformed, "option_malformed",
       "an IPv4 option with an impossible length or pointer (RFC 1812 §4.3.3.5)"},
      {R::source_route, refused, "source_route", "source routes are refused (RFC 7126 §4.3)"},
      {R::link_broadcast, refused, "link_broadcast",
       "a unicast packet in a link broadcast (RFC 1812 §5.3.4)"},
      {R::not_for_us, refused, "not_for_us", "a group that nobody here has joined (RFC 1112 §7.2)"},
      {R::forwarding_off, refused, "forwarding_off",
       "for another host, and forwarding is off (RFC 1122 §3.2.1.3)"},
      {R::multicast_transit, refused, "multicast_transit",
       "multicast is not routed here (RFC 1812 §5.2.3)"},
      {R::link_local, refused, "link_local", "169.254.0.0/16 stays on its link (RFC 3927 §2.7)"},
      {R::no_route, refused, "no_route", "no route to the destination (RFC 1812 §5.2.4)"},
      {R::blackhole, refused, "blackhole", "a blackhole route says so"},
      {R::unreachable, refused, "unreachable", "an unreachable route says so"},
      {R::prohibit, refused, "prohibit", "a prohibit route says so (RFC 1812 §5.2.7.1)"},
      {R::ttl_expired, refused, "ttl_expired", "the TTL would reach zero (RFC 1812 §5.3.1)"},
      {R::mtu_exceeded, refused, "mtu_exceeded",
       "too big for the next link, and DF is set (RFC 1191 §4)"},
      {R::interface_down, refused, "interface_down", "the interface is down"},
      {R::fragment_malformed, malformed, "fragment_malformed",
       "a fragment that fits no datagram (RFC 791 §3.2)"},
      {R::fragment_overlap, malformed, "fragment_overlap",
       "fragments overlap: the datagram is given up (RFC 1858 §3)"},
      {R::reassembly_timeout, refused, "reassembly_timeout",
       "the other fragments never came (RFC 1122 §3.3.2)"},
      {R::reassembly_full, refused, "reassembly_full",
       "evicted: too many datagrams wait for fragments (RFC 6274 §3.4)"},
      {R::neighbor_queue_full, refused, "neighbor_queue_full",
       "too many packets wait for one link address (RFC 1122 §2.3.2.2)"},
      {R::neighbor_table_full, refused, "neighbor_table_full",
       "no room for another neighbour (RFC 1122 §2.3.2.1)"},
      {R::neighbor_unresolved, refused, "neighbor_unresolved",
       "nobody answered ARP for the next hop (RFC 1122 §2.3.2.2)"},
      {R::unknown_protocol, refused, "unknown_protocol",
       "no such transport protocol here (RFC 1122 §3.2.2.1)"},
      {R::icmp_malformed, malformed, "icmp_malformed",
       "an ICMP message too short or with a wrong checksum (RFC 792)"},
      {R::icmp_ignored, refused, "icmp_ignored",
       "an ICMP message that nobody asked for or that has no meaning here (RFC 1122 §3.2.2)"},
      {R::echo_ignored, refused, "echo_ignored",
       "echo to a broadcast or multicast address (RFC 1122 §3.2.2.6)"},
      {R::igmp_malformed, malformed, "igmp_malformed",
       "an IGMP message of an impossible length, group or checksum (RFC 3376 §4)"},
      {R::igmp_untrusted, refused, "igmp_untrusted",
       "an IGMP query that may come from afar: TTL above 1, no Router Alert, or a general one to "
       "another group (RFC 3376 §9.1)"},
      {R::igmp_ignored, refused, "igmp_ignored",
       "an IGMP message for routers, or one that changes nothing here (RFC 3376 §4)"},
      {R::transport_malformed, malformed, "transport_malformed",
       "a UDP or TCP header that does not fit its packet (RFC 768, RFC 9293 §3.1)"},
      {R::transport_checksum, malformed, "transport_checksum",
       "UDP or TCP checksum (RFC 1122 §4.1.3.4, RFC 9293 §3.1)"},
      {R::no_socket, refused, "no_socket", "nobody listens on that port (RFC 1122 §4.1.3.1)"},
      {R::inbox_full, refused, "inbox_full", "the local reader is too slow"},
      {R::no_buffer, refused, "no_buffer", "all packet buffers are in use"},
      {R::punt_queue_full, refused, "punt_queue_full",
       "too many frames of the workers wait for the main thread"},
      {R::device_full, refused, "device_full", "the device takes no more frames just now"},
      {R::device_down, refused, "device_down", "the kernel's end of the device is down or gone"},
      {R::impaired_loss, refused, "impaired_loss",
       "lost on purpose by the impairment of this interface"},
      {R::impaired_queue, refused, "impaired_queue", "the impairment's queue is full"},
  });
}();

inline constexpr std::size_t drop_reasons =
    static_cast<std::size_t>(DropReason::impaired_queue) + 1;

static_assert(
    [] {
      if (drop_reason_entries.size() != drop_reasons) return false;
      for (std::size_t i = 0; i < drop_reasons; ++i)
        if (static_cast<std::size_t>(drop_reason_entries[i].reason) != i) return false;
      return true;
    }(),
    "every reason has its entry, in the order of the enum");

constexpr const DropReasonEntry& entry_of(DropReason reason) {
  return drop_reason_entries[static_cast<std::size_t>(reason)];
}
/// The word used everywhere: "no_route".
constexpr std::string_view to_string(DropReason reason) {
  return entry_of(reason).word;
}
/// The sentence for a person, with its RFC: "no route to the destination (RFC 1812 §5.2.4)".
constexpr std::string_view describe(DropReason reason) {
  return entry_of(reason).sentence;
}

}  // namespace smolstack
