#include "wire/kit/fragments.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/judge.hpp"

namespace smolstack::test {
namespace {

bool is_fragment(const Frame& frame) {
  const auto* ip = layer<Ipv4Layer>(frame);
  return ip != nullptr && (*ip->fields.more || *ip->fields.offset != 0);
}

/// RFC 791 §3.2: what the fragments of one datagram have in common.
bool belong_together(const Frame& a, const Frame& b) {
  const auto& one = *layer<Ipv4Layer>(a);
  const auto& other = *layer<Ipv4Layer>(b);
  return one.source.value() == other.source.value() &&
         one.destination.value() == other.destination.value() && one.fields.id == other.fields.id &&
         one.fields.protocol == other.fields.protocol;
}

/// The frame of the datagram that carries `data` and came in these fragments.
Octets joined(const std::vector<Frame>& fragments, const Octets& data) {
  const auto first = std::ranges::find_if(
      fragments, [](const Frame& each) { return layer<Ipv4Layer>(each)->fields.offset == 0; });
  Ipv4Layer ip = *layer<Ipv4Layer>(*first);
  ip.fields.more = false;
  ip.fields.total_length.reset();
  ip.fields.checksum.reset();
  Octets bytes = encode(Frame(Layer(*layer<EthernetLayer>(*first))) / Layer(ip) / data);
  if (const auto rule = broken_transport_rule(ConstBytes(bytes).subspan(14)))
    ADD_FAILURE() << "a datagram in fragments with " << *rule << ": " << decode(bytes);
  return bytes;
}

}  // namespace

std::vector<Captured> whole(const std::vector<Captured>& frames) {
  std::vector<Captured> result;
  std::vector<Captured> left = frames;
  while (!left.empty()) {
    const Frame first = decode(left.front().bytes);
    std::vector<Frame> pieces;
    const auto is_of_this = [&](const Captured& each) {
      const Frame frame = decode(each.bytes);
      const bool found = is_fragment(frame) && belong_together(frame, first);
      if (found) pieces.push_back(frame);
      return found;
    };
    const auto rest = is_fragment(first)
                          ? std::stable_partition(left.begin(), left.end(), is_of_this)
                          : left.begin() + 1;
    if (const auto data = join(pieces))
      result.push_back({joined(pieces, *data), left.front().at});
    else
      result.insert(result.end(), left.begin(), rest);
    left.erase(left.begin(), rest);
  }
  return result;
}

}  // namespace smolstack::test
