// IGMP as tests write it.

#include "lab/support/frame.hpp"

namespace smolstack::test {
namespace {

void put8(Octets& to, std::size_t value) {
  to.push_back(static_cast<std::byte>(value & 0xff));
}
void put16(Octets& to, std::size_t value) {
  put8(to, value >> 8);
  put8(to, value);
}
void put(Octets& to, const Address& address) {
  const std::uint32_t host = address.value().host();
  put16(to, host >> 16);
  put16(to, host);
}

Frame igmp(std::uint8_t type, std::uint8_t code, Address group) {
  return Layer(IgmpLayer{type, code, group.value_or(Ipv4Address()), {}});
}

}  // namespace

Frame ipv4_of_igmp(Address source, Address destination) {
  return ipv4(source, destination, {.ttl = 1, .tos = 0xc0, .options = octets({148, 4, 0, 0})});
}

Frame igmpv1_query() {
  return igmp(0x11, 0, {});
}
Frame igmpv2_query(std::uint8_t code, Address group) {
  return igmp(0x11, code, group);
}
Frame igmpv3_query(std::uint8_t code, Address group, const Igmpv3QueryFields& fields) {
  Octets rest;
  put8(rest, fields.robustness);
  put8(rest, fields.interval_code);
  put16(rest, fields.sources.size());
  for (const Address& source : fields.sources) put(rest, source);
  return igmp(0x11, code, group) / Frame(std::move(rest));
}

Frame igmpv1_report(Address group) {
  return igmp(0x12, 0, group);
}
Frame igmpv2_report(Address group) {
  return igmp(0x16, 0, group);
}
Frame igmpv2_leave(Address group) {
  return igmp(0x17, 0, group);
}

Frame igmpv3_report(const std::vector<IgmpRecordWords>& records) {
  Octets rest;
  for (const IgmpRecordWords& record : records) {
    put8(rest, record.type);
    put8(rest, 0);
    put16(rest, record.sources.size());
    put(rest, record.group);
    for (const Address& source : record.sources) put(rest, source);
  }
  const Ipv4Address count(static_cast<std::uint32_t>(records.size()));
  return igmp(0x22, 0, count) / Frame(std::move(rest));
}

IgmpRecordWords is_included(Address group, std::vector<Address> sources) {
  return {1, group, std::move(sources)};
}
IgmpRecordWords is_excluded(Address group) {
  return {2, group};
}
IgmpRecordWords to_include(Address group) {
  return {3, group};
}
IgmpRecordWords to_exclude(Address group) {
  return {4, group};
}

}  // namespace smolstack::test
