#include "smolstack/probe/ping_session.hpp"

#include <algorithm>

#include "smolstack/probe/ping_payload.hpp"

namespace smolstack::control {
namespace {

constexpr Duration flood_pace = std::chrono::milliseconds(10);  // 100 a second, unanswered

std::int64_t microseconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

/// Redirects and source quenches say something, but the request goes on its way.
bool is_only_advice(std::uint8_t type) {
  return type == icmpv4_type::redirect || type == icmpv4_type::source_quench;
}

Json describe_error(const IcmpArrival& arrival, std::uint16_t sequence) {
  return {{"event", is_only_advice(arrival.header.type) ? "redirect" : "error"},
          {"from", to_string(arrival.from)},
          {"icmp_seq", sequence},
          {"type", arrival.header.type},
          {"code", arrival.header.code},
          {"rest", std::uint32_t{arrival.header.rest}}};
}

}  // namespace

PingSession::PingSession(Machine& machine, PingOptions options, ProbeRoute route,
                         std::shared_ptr<Reply> reply)
    : machine_(machine),
      options_(std::move(options)),
      route_(std::move(route)),
      reply_(std::move(reply)),
      pace_timer_(machine.loop.context()),
      end_timer_(machine.loop.context()),
      deadline_timer_(machine.loop.context()) {}

bool PingSession::start() {
  subscription_ = machine_.icmp->subscribe([self = weak_from_this()](const IcmpArrival& arrival) {
    if (const auto session = self.lock()) session->receive(arrival);
  });
  if (!subscription_) {
    reply_->fail(exit_code::wrong, "ping: too many at once on this machine; end one of them");
    return false;
  }
  began_ = io::EventLoop::now();
  say_start();
  if (options_.deadline) {
    deadline_timer_.expires_after(*options_.deadline);
    deadline_timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      if (const auto session = self.lock(); session && !error) session->finish();
    });
  }
  send_next();
  return true;
}

void PingSession::say_start() {
  Json start{{"event", "start"},
             {"hostname", options_.hostname},
             {"destination", to_string(options_.destination)},
             {"bytes", options_.bytes},
             {"timing", options_.timing()},
             {"quiet", options_.quiet},
             {"flood", options_.flood}};
  if (!options_.source.empty()) start["source"] = to_string(route_.source);
  if (!route_.interface.empty()) start["dev"] = route_.interface;
  if (route_.broadcast) start["broadcast"] = true;
  reply_->data(start);
}

// --- Out -----------------------------------------------------------------------------------------

void PingSession::send_next() {
  if (finished_) return;
  const bool enough = options_.count > 0 && statistics_.transmitted() >= options_.count;
  // With a deadline the requests go on until enough of them are answered, as ping(8) says.
  if (enough && !options_.deadline) return wait_for_the_last();
  const Instant now = io::EventLoop::now();
  send_probe();
  if (options_.count > 0 && statistics_.transmitted() >= options_.count && !options_.deadline)
    wait_for_the_last();
  else
    pace(now);
  end_when_done();
  // What loops back arrives in here, so this comes last.
  machine_.loop.flush();
}

void PingSession::pace(Instant now) {
  const Duration pace = options_.pace();
  const Duration spent = io::EventLoop::now() - now;
  pace_timer_.expires_after(pace == Duration::zero() ? flood_pace
                                                     : std::max(Duration::zero(), pace - spent));
  pace_timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    if (const auto session = self.lock(); session && !error) session->send_next();
  });
}

void PingSession::wait_for_the_last() {
  if (std::exchange(waiting_for_the_last_, true)) return;
  const Duration twice = std::chrono::microseconds(2 * statistics_.longest());
  const Duration wait =
      statistics_.received() > 0 ? std::max(twice, options_.pace()) : options_.linger;
  end_timer_.expires_after(wait);
  end_timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    if (const auto session = self.lock(); session && !error) session->finish();
  });
}

std::size_t PingSession::datagram_bytes() const {
  return sizeof(wire::Ipv4Header) + sizeof(wire::Icmpv4Header) + options_.bytes;
}

bool PingSession::dont_fragment() const {
  switch (options_.path_mtu) {
    case PathMtu::never_fragment: return true;
    case PathMtu::fragment: return false;
    case PathMtu::want: break;
  }
  const std::uint32_t mtu = path_mtu_ == 0 ? route_.mtu : std::min(path_mtu_, route_.mtu);
  return datagram_bytes() <= mtu;
}

void PingSession::send_probe() {
  const Instant now = io::EventLoop::now();
  const std::uint16_t sequence = statistics_.sent(now);
  const bool too_long = options_.path_mtu == PathMtu::never_fragment && path_mtu_ != 0 &&
                        datagram_bytes() > path_mtu_;
  auto sent = too_long ? unexpected(DropReason::mtu_exceeded)
                       : send_request(sequence, dont_fragment(), now);
  // The link's MTU was lowered meanwhile.
  if (!sent && sent.error() == DropReason::mtu_exceeded && options_.path_mtu == PathMtu::want)
    sent = send_request(sequence, false, now);
  if (!sent) return send_failed(sent.error());
  if (options_.flood && !options_.quiet) reply_->data({{"event", "sent"}});
}

void PingSession::send_failed(DropReason reason) {
  if (reason == DropReason::mtu_exceeded) {
    statistics_.local_error();
    const std::uint32_t mtu = path_mtu_ == 0 ? route_.mtu : std::min(path_mtu_, route_.mtu);
    return reply_->data({{"event", "local_error"}, {"mtu", mtu}});
  }
  reply_->data(
      {{"event", "send_failed"}, {"reason", to_string(reason)}, {"text", send_error(reason)}});
}

Expected<void, DropReason> PingSession::send_request(std::uint16_t sequence, bool dont_fragment,
                                                     Instant now) {
  Packet request = make_request(sequence, now);
  if (!request) return unexpected(DropReason::no_buffer);
  const bool has_source = parse_ipv4_address(options_.source).has_value();
  return machine_.stack.send(std::move(request),
                             {.destination = options_.destination,
                              .source = has_source ? route_.source : Ipv4Address(),
                              .protocol = ip_protocol::icmp,
                              .ttl = options_.ttl,
                              .dont_fragment = dont_fragment,
                              .interface = route_.bound},
                             now);
}

Packet PingSession::make_request(std::uint16_t sequence, Instant now) {
  Packet request = machine_.stack.make_payload(sizeof(wire::Icmpv4Header) + options_.bytes);
  if (!request) return request;
  auto& header = request.header<wire::Icmpv4Header>() = wire::Icmpv4Header();
  header.type = icmpv4_type::echo_request;
  header.rest = std::uint32_t{subscription_->identifier()} << 16 | sequence;
  write_ping_payload(request.bytes().subspan(sizeof header), now);
  finish_icmp(request.bytes());
  return request;
}

// --- In ------------------------------------------------------------------------------------------

void PingSession::receive(const IcmpArrival& arrival) {
  if (finished_) return;
  if (arrival.is_error)
    receive_error(arrival);
  else
    receive_reply(arrival);
  end_when_done();
  // A flood goes on with the answer; by way of the timer, so that others have their turn.
  const bool floods = options_.pace() == Duration::zero();
  if (!finished_ && !waiting_for_the_last_ && floods && statistics_.in_flight() == 0)
    if (pace_timer_.expires_after(std::chrono::seconds(0)) > 0)
      pace_timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
        if (const auto session = self.lock(); session && !error) session->send_next();
      });
}

std::int64_t PingSession::round_trip(const IcmpArrival& arrival) const {
  const auto sent = read_ping_stamp(arrival.payload);
  if (!sent) return 0;
  // A datagram that never left the machine carries the time when it was sent.
  const Instant now = io::EventLoop::now();
  const Instant arrived = arrival.at > *sent ? arrival.at : now;
  // The stamp came over the network: it may say anything.
  return std::clamp(microseconds(arrived - *sent), std::int64_t{0}, microseconds(now - began_));
}

void PingSession::receive_reply(const IcmpArrival& arrival) {
  const std::uint16_t sequence = arrival.header.sequence();
  Json reply{{"event", "reply"},
             {"bytes", arrival.payload.size() + sizeof(wire::Icmpv4Header)},
             {"from", to_string(arrival.from)},
             {"icmp_seq", sequence},
             {"ttl", arrival.ttl}};
  if (options_.timing() && arrival.payload.size() >= sizeof(PingStamp)) {
    const std::int64_t took = round_trip(arrival);
    statistics_.round_trip(took);
    reply["time"] = static_cast<double>(took) / 1000.0;
  }
  if (statistics_.received(sequence)) reply["duplicate"] = true;
  if (arrival.payload.size() < options_.bytes)
    reply["truncated"] = true;
  else if (const auto at = find_wrong_byte(arrival.payload))
    reply["wrong_byte"] = {{"at", *at},
                           {"sent", std::to_integer<int>(ping_byte(*at))},
                           {"received", std::to_integer<int>(arrival.payload[*at])}};
  if (!options_.quiet) reply_->data(reply);
}

void PingSession::receive_error(const IcmpArrival& arrival) {
  if (arrival.probed != options_.destination) return;
  const std::uint16_t sequence = header_at<wire::Icmpv4Header>(arrival.quoted).sequence();
  const bool advice = is_only_advice(arrival.header.type);
  if (!advice) statistics_.error(sequence);
  // RFC 1191 §4: what the next datagram must not exceed.
  if (arrival.header.type == icmpv4_type::destination_unreachable &&
      arrival.header.code == icmpv4_code::fragmentation_needed &&
      arrival.header.next_hop_mtu() >= min_mtu)
    path_mtu_ = arrival.header.next_hop_mtu();
  if (options_.quiet || (advice && options_.flood)) return;
  reply_->data(describe_error(arrival, sequence));
}

// --- The end -------------------------------------------------------------------------------------

void PingSession::end_when_done() {
  const std::uint64_t ended = statistics_.received() + statistics_.errors();
  const bool all = options_.count > 0 && ended >= options_.count;
  if (all || (options_.deadline && statistics_.errors() > 0)) finish();
}

void PingSession::finish() {
  if (finished_) return;
  abandon();
  const bool paced = options_.pace() != Duration::zero() && !options_.flood;
  reply_->data(statistics_.summary(began_, options_.timing(), paced));
  const bool too_few = options_.deadline && statistics_.received() < options_.count;
  reply_->finish(statistics_.received() == 0 || too_few ? exit_code::no : exit_code::done);
}

void PingSession::abandon() {
  finished_ = true;
  pace_timer_.cancel();
  end_timer_.cancel();
  deadline_timer_.cancel();
  subscription_.reset();
}

}  // namespace smolstack::control
