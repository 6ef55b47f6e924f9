#include "smolstack/wire/igmp.hpp"

#include "smolstack/wire/checksum.hpp"

namespace smolstack {
namespace {

constexpr Duration tenth = std::chrono::milliseconds(100);
/// RFC 3376 §4.1.1, RFC 2236 §4: a query of version 1 leaves ten seconds.
constexpr Duration v1_max_response = std::chrono::seconds(10);

using Parsed = Expected<IgmpMessage, DropReason>;

Parsed parse_old_query(const wire::IgmpHeader& header) {
  IgmpMessage query{.kind = IgmpKind::query, .version = IgmpVersion::v1, .group = header.group};
  query.max_response = v1_max_response;
  if (header.max_response_code == 0) return query;
  query.version = IgmpVersion::v2;
  query.max_response = header.max_response_code * tenth;  // RFC 2236 §2.2: no float here
  return query;
}

Parsed parse_v3_query(ConstBytes message) {
  const auto& v3 = header_at<wire::Igmpv3Query>(message);
  const ConstBytes rest = message.subspan(sizeof v3);
  const std::size_t wanted = std::size_t{v3.sources} * sizeof(Ipv4Address);
  const bool has_sources_of_no_group = wanted != 0 && v3.header.group.is_unspecified();
  if (wanted > rest.size() || has_sources_of_no_group)
    return unexpected(DropReason::igmp_malformed);
  return IgmpMessage{
      .kind = IgmpKind::query,
      .version = IgmpVersion::v3,
      .group = v3.header.group,
      .max_response = igmp_code_value(v3.header.max_response_code) * tenth,
      .robustness =
          static_cast<std::uint8_t>(v3.flags_robustness & wire::Igmpv3Query::robustness_mask),
      .query_interval = std::chrono::seconds(igmp_code_value(v3.interval_code)),
      .sources = rest.first(wanted)};  // RFC 3376 §4.1.10: what follows them is ignored
}

/// RFC 3376 §7.1: the version of a query is told by its length and its Max Resp Code.
Parsed parse_query(ConstBytes message) {
  const auto& header = header_at<wire::IgmpHeader>(message);
  const bool is_about_no_group = !header.group.is_unspecified() && !header.group.is_multicast();
  if (is_about_no_group) return unexpected(DropReason::igmp_malformed);
  if (message.size() == sizeof header) return parse_old_query(header);
  if (message.size() < sizeof(wire::Igmpv3Query)) return unexpected(DropReason::igmp_malformed);
  return parse_v3_query(message);
}

Parsed parse_report(const wire::IgmpHeader& header, IgmpVersion version) {
  if (!header.group.is_multicast()) return unexpected(DropReason::igmp_malformed);
  return IgmpMessage{.kind = IgmpKind::report, .version = version, .group = header.group};
}

}  // namespace

Expected<IgmpMessage, DropReason> parse_igmp(ConstBytes message) {
  if (message.size() < sizeof(wire::IgmpHeader)) return unexpected(DropReason::igmp_malformed);
  if (internet_checksum(message) != 0) return unexpected(DropReason::igmp_malformed);
  const auto& header = header_at<wire::IgmpHeader>(message);
  switch (header.type) {
    case igmp_type::query: return parse_query(message);
    case igmp_type::v1_report: return parse_report(header, IgmpVersion::v1);
    case igmp_type::v2_report: return parse_report(header, IgmpVersion::v2);
    default: return IgmpMessage{};
  }
}

void finish_igmp(Bytes message) {
  auto& header = header_at<wire::IgmpHeader>(message);
  header.checksum = std::uint16_t{0};
  header.checksum = internet_checksum(message);
}

}  // namespace smolstack
