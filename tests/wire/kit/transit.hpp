#pragma once
// What tests about forwarding say of packets on their way through the router of router_wiring().

#include <algorithm>
#include <vector>

#include "lab/support/frame.hpp"
#include "lab/support/matchers.hpp"
#include "wire/kit/wire.hpp"

namespace smolstack::test {

/// From a neighbour on the lan to the one on the wan.
inline Frame transit(const Ipv4Fields& fields = {}) {
  return ipv4("10.0.1.9", "10.0.2.7", fields);
}
/// And the other way.
inline Frame transit_back(const Ipv4Fields& fields = {}) {
  return ipv4("10.0.2.7", "10.0.1.9", fields);
}

/// The neighbours of transit() have been asked for when this returns: what follows waits for
/// nobody's ARP.
inline void make_acquainted(Wire& lan, Wire& wan) {
  lan.sends(transit() / udp(1, 2));
  wan.sends(transit_back() / udp(1, 2));
  lan.forget();
  wan.forget();
}

/// What a router makes of a datagram: one hop less, the checksum to match, all else as it was.
inline Frame one_hop_on(Frame datagram) {
  auto& fields = std::get<Ipv4Layer>(datagram.layers.front()).fields;
  fields.ttl = static_cast<std::uint8_t>(fields.ttl.value_or(64) - 1);
  fields.checksum.reset();
  return datagram;
}

/// Exactly these datagrams came out, in this order, each byte of them as one_hop_on() has it.
MATCHER_P(AreOneHopOn, datagrams, "are the datagrams sent, one hop on") {
  for (std::size_t i = 0; i < std::min<std::size_t>(arg.size(), datagrams.size()); ++i) {
    const ConstBytes frame(arg[i].bytes);
    const ConstBytes rest = frame.subspan(std::min<std::size_t>(14, frame.size()));
    const Octets is(rest.begin(), rest.end());
    const Octets should_be = encode(one_hop_on(datagrams[i]));
    if (is == should_be) continue;
    *result_listener << "number " << i << " is " << decode_ipv4(is) << ", not "
                     << decode_ipv4(should_be);
    return false;
  }
  if (arg.size() != datagrams.size())
    *result_listener << "there are " << arg.size() << ", not " << datagrams.size();
  return arg.size() == datagrams.size();
}
inline auto IsOneHopOn(const Frame& datagram) {
  return AreOneHopOn(std::vector<Frame>{datagram});
}

}  // namespace smolstack::test
