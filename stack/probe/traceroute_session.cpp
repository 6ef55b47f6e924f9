#include "smolstack/probe/traceroute_session.hpp"

#include <algorithm>

#include "smolstack/ip/icmp.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack::control {
namespace {

constexpr std::uint16_t first_port = 33434;
constexpr std::size_t payload_bytes = 32;  // 60 with the headers
constexpr Duration clock_grain = std::chrono::milliseconds(1);

Duration times(Duration took, double factor) {
  return std::chrono::duration_cast<Duration>((took + clock_grain) * factor);
}

/// What an error means for the way, in traceroute's signs.
std::string note_of(const wire::Icmpv4Header& header) {
  if (header.type != icmpv4_type::destination_unreachable) return {};
  switch (header.code) {
    case icmpv4_code::port_unreachable: return {};
    case icmpv4_code::net_unreachable:
    case 6: return "!N";  // RFC 1122 §3.2.2.1: destination network unknown
    case icmpv4_code::host_unreachable:
    case 7: return "!H";  // destination host unknown
    case icmpv4_code::protocol_unreachable: return "!P";
    case icmpv4_code::fragmentation_needed: return "!F-" + std::to_string(header.next_hop_mtu());
    case icmpv4_code::source_route_failed: return "!S";
    case 9:   // RFC 1122 §3.2.2.1: network prohibited
    case 10:  // host prohibited
    case icmpv4_code::administratively_prohibited: return "!X";
    default: return "!<" + std::to_string(header.code) + ">";
  }
}

void fill(Bytes payload) {
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<std::byte>(0x40 + i % 0x3f);
}

}  // namespace

TracerouteSession::TracerouteSession(Machine& machine, TracerouteOptions options, ProbeRoute route,
                                     std::shared_ptr<Reply> reply)
    : machine_(machine),
      options_(std::move(options)),
      route_(std::move(route)),
      reply_(std::move(reply)),
      timer_(machine.loop.context()) {}

bool TracerouteSession::start() {
  subscription_ = machine_.icmp->subscribe([self = weak_from_this()](const IcmpArrival& arrival) {
    if (const auto session = self.lock()) session->receive(arrival);
  });
  if (!subscription_) {
    reply_->fail(exit_code::wrong, "traceroute: too many at once on this machine; end one of them");
    return false;
  }
  reply_->data({{"event", "start"},
                {"hostname", options_.hostname},
                {"destination", to_string(options_.destination)},
                {"hops", options_.max_ttl},
                {"bytes", sizeof(wire::Ipv4Header) + sizeof(wire::UdpHeader) + payload_bytes}});
  pump();
  return true;
}

std::size_t TracerouteSession::probes_in_all() const {
  return (std::size_t{options_.max_ttl} - options_.first_ttl + 1) * options_.each;
}

std::uint8_t TracerouteSession::ttl_of(std::size_t index) const {
  return static_cast<std::uint8_t>(options_.first_ttl + index / options_.each);
}

void TracerouteSession::pump() {
  if (finished_) return;
  give_up_late_ones(io::EventLoop::now());
  report_what_is_done();
  if (!finished_) send_what_may();
  if (!finished_) set_timer();
  // What loops back arrives in here, so this comes last.
  machine_.loop.flush();
}

// --- Out -----------------------------------------------------------------------------------------

void TracerouteSession::send_what_may() {
  const auto waiting = [this] {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(probes_, [](const Probe& probe) { return !probe.done(); }));
  };
  const bool arrived = std::ranges::any_of(probes_, [](const Probe& probe) { return probe.final; });
  while (probes_.size() < probes_in_all() && waiting() < options_.at_once) {
    // Behind the end of the way nothing is asked; its own hop is finished.
    if (arrived && probes_.size() % options_.each == 0) return;
    const auto sent = send_probe(probes_.size());
    if (sent) continue;
    abandon();
    return reply_->fail(exit_code::no, "traceroute: sendto: " + send_error(sent.error()));
  }
}

Expected<void, DropReason> TracerouteSession::send_probe(std::size_t index) {
  Packet probe = options_.by_icmp ? make_echo(index) : make_udp(index);
  if (!probe) return unexpected(DropReason::no_buffer);
  const Instant now = io::EventLoop::now();
  probes_.emplace_back().sent = now;
  return machine_.stack.send(std::move(probe),
                             {.destination = options_.destination,
                              .source = route_.source,
                              .protocol = options_.by_icmp ? ip_protocol::icmp : ip_protocol::udp,
                              .ttl = ttl_of(index)},
                             now);
}

Packet TracerouteSession::make_udp(std::size_t index) {
  Packet probe = machine_.stack.make_payload(sizeof(wire::UdpHeader) + payload_bytes);
  if (!probe) return probe;
  fill(probe.bytes().subspan(sizeof(wire::UdpHeader)));
  auto& udp = probe.header<wire::UdpHeader>() = wire::UdpHeader();
  udp.source_port = subscription_->identifier();
  udp.destination_port = static_cast<std::uint16_t>(first_port + index);
  udp.length = static_cast<std::uint16_t>(probe.size());
  auto sum = pseudo_header_sum(route_.source, options_.destination, ip_protocol::udp, probe.size());
  const std::uint16_t checksum = sum.add(probe.bytes()).finish();
  // RFC 768: zero on the wire would mean that there is none.
  udp.checksum = checksum == 0 ? std::uint16_t{0xffff} : checksum;
  return probe;
}

Packet TracerouteSession::make_echo(std::size_t index) {
  Packet probe = machine_.stack.make_payload(sizeof(wire::Icmpv4Header) + payload_bytes);
  if (!probe) return probe;
  fill(probe.bytes().subspan(sizeof(wire::Icmpv4Header)));
  auto& icmp = probe.header<wire::Icmpv4Header>() = wire::Icmpv4Header();
  icmp.type = icmpv4_type::echo_request;
  icmp.rest = std::uint32_t{subscription_->identifier()} << 16 | static_cast<std::uint32_t>(index);
  finish_icmp(probe.bytes());
  return probe;
}

// --- In ------------------------------------------------------------------------------------------

std::optional<std::size_t> TracerouteSession::index_of(const IcmpArrival& arrival) const {
  if (!arrival.is_error) return arrival.header.sequence();
  if (arrival.probed != options_.destination) return std::nullopt;
  if (options_.by_icmp) return header_at<wire::Icmpv4Header>(arrival.quoted).sequence();
  const std::uint16_t port = header_at<wire::UdpHeader>(arrival.quoted).destination_port;
  return static_cast<std::uint16_t>(port - first_port);
}

void TracerouteSession::receive(const IcmpArrival& arrival) {
  const std::uint8_t type = arrival.header.type;
  if (finished_ || type == icmpv4_type::redirect || type == icmpv4_type::source_quench) return;
  const auto index = index_of(arrival);
  if (!index || *index >= probes_.size() || probes_[*index].done()) return;
  Probe& probe = probes_[*index];
  // A datagram that never left the machine carries the time when it was sent.
  const Instant at = arrival.at > probe.sent ? arrival.at : io::EventLoop::now();
  probe.answered = true;
  probe.took = at - probe.sent;
  probe.from = arrival.from;
  probe.note = note_of(arrival.header);
  probe.final = !arrival.is_error || type == icmpv4_type::destination_unreachable;
  pump();
}

// --- The answers, in order -----------------------------------------------------------------------

Duration TracerouteSession::patience(std::size_t index) const {
  const auto most =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options_.wait));
  const std::size_t hop = index - index % options_.each;
  for (std::size_t i = hop; i < probes_.size(); ++i) {
    const bool same_hop = i < hop + options_.each;
    const double factor = same_hop ? options_.here : options_.near;
    if (probes_[i].answered && factor > 0) return std::min(most, times(probes_[i].took, factor));
  }
  return most;
}

void TracerouteSession::give_up_late_ones(Instant now) {
  for (std::size_t i = reported_; i < probes_.size(); ++i)
    if (!probes_[i].done() && now - probes_[i].sent >= patience(i)) probes_[i].lost = true;
}

bool TracerouteSession::is_last_of_way(std::size_t index) const {
  if (index + 1 == probes_in_all()) return true;
  if ((index + 1) % options_.each != 0) return false;
  for (std::size_t i = index + 1 - options_.each; i <= index; ++i)
    if (probes_[i].final) return true;
  return false;
}

void TracerouteSession::report_what_is_done() {
  while (!finished_ && reported_ < probes_.size() && probes_[reported_].done()) {
    report(reported_);
    if (is_last_of_way(reported_++)) finish();
  }
}

void TracerouteSession::report(std::size_t index) {
  const Probe& probe = probes_[index];
  Json event{{"event", "probe"}, {"ttl", ttl_of(index)}};
  if (probe.lost) {
    event["lost"] = true;
    return reply_->data(event);
  }
  event["from"] = to_string(probe.from);
  event["rtt"] = std::chrono::duration<double, std::milli>(probe.took).count();
  if (!probe.note.empty()) event["note"] = probe.note;
  reply_->data(event);
}

void TracerouteSession::set_timer() {
  if (reported_ >= probes_.size()) return;
  const Duration left =
      probes_[reported_].sent + patience(reported_) - io::EventLoop::now() + clock_grain;
  timer_.expires_after(std::max(Duration::zero(), left));
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    if (const auto session = self.lock(); session && !error) session->pump();
  });
}

void TracerouteSession::finish() {
  if (finished_) return;
  abandon();
  reply_->finish(exit_code::done);
}

void TracerouteSession::abandon() {
  finished_ = true;
  timer_.cancel();
  subscription_.reset();
}

}  // namespace smolstack::control
