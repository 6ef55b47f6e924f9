#include "smolstack/control/icmp_listener.hpp"

#include <optional>

#include "smolstack/wire/udp.hpp"

namespace smolstack::control {
namespace {

/// Which session sent the datagram that an error quotes; nothing: none of ours.
std::optional<std::uint16_t> sender_of(std::uint8_t protocol, ConstBytes quoted) {
  if (quoted.size() < sizeof(wire::Icmpv4Header)) return std::nullopt;
  if (protocol == ip_protocol::udp) return header_at<wire::UdpHeader>(quoted).source_port;
  const auto& icmp = header_at<wire::Icmpv4Header>(quoted);
  if (protocol != ip_protocol::icmp || icmp.type != icmpv4_type::echo_request) return std::nullopt;
  return icmp.identifier();
}

/// Reads the quote of an error into `arrival`; whose it is.
std::optional<std::uint16_t> read_quote(IcmpArrival& arrival) {
  const ConstBytes quote = arrival.payload;
  if (quote.size() < sizeof(wire::Ipv4Header)) return std::nullopt;
  const auto& ip = header_at<wire::Ipv4Header>(quote);
  if (ip.header_length() < sizeof ip || ip.header_length() > quote.size()) return std::nullopt;
  arrival.is_error = true;
  arrival.probed = ip.destination;
  arrival.quoted = quote.subspan(ip.header_length());
  return sender_of(ip.protocol, arrival.quoted);
}

}  // namespace

IcmpListener::Subscription::~Subscription() {
  listener_->sessions_.erase(identifier_);
  listener_->loop_.stack().listen_icmp(false);
}

IcmpListener::IcmpListener(io::EventLoop& loop) : loop_(loop) {
  loop_.on_icmp([this](PacketQueue messages) {
    while (const Packet packet = messages.pop()) deliver(packet);
  });
}

std::unique_ptr<IcmpListener::Subscription> IcmpListener::subscribe(Handler handler) {
  for (std::uint32_t tried = 0; tried <= 65535u - first_identifier; ++tried) {
    const std::uint16_t identifier = next_;
    next_ = next_ == 65535 ? first_identifier : static_cast<std::uint16_t>(next_ + 1);
    if (!sessions_.try_emplace(identifier, handler).second) continue;
    loop_.stack().listen_icmp(true);
    return std::make_unique<Subscription>(*this, identifier);
  }
  return nullptr;
}

void IcmpListener::deliver(const Packet& packet) {
  const auto ip = parse_ipv4(packet.bytes());
  if (!ip) return;
  const std::size_t header = (*ip)->header_length();
  const ConstBytes message = packet.bytes().subspan(header, (*ip)->payload_length());
  if (message.size() < sizeof(wire::Icmpv4Header)) return;
  IcmpArrival arrival{.from = (*ip)->source,
                      .ttl = (*ip)->ttl,
                      .at = packet->arrived_at,
                      .header = header_at<wire::Icmpv4Header>(message),
                      .payload = message.subspan(sizeof(wire::Icmpv4Header)),
                      .probed = {},
                      .quoted = {}};
  if (arrival.header.type == icmpv4_type::echo_reply)
    return dispatch(arrival.header.identifier(), arrival);
  if (!is_icmpv4_error(arrival.header.type)) return;
  if (const auto identifier = read_quote(arrival)) dispatch(*identifier, arrival);
}

void IcmpListener::dispatch(std::uint16_t identifier, const IcmpArrival& arrival) {
  const auto session = sessions_.find(identifier);
  if (session == sessions_.end()) return;
  // The session may end while it handles this: call a copy.
  const Handler handler = session->second;
  handler(arrival);
}

}  // namespace smolstack::control
