#include "lab/support/lab.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/judge.hpp"
#include "lab/support/matchers.hpp"
#include "smolstack/packet/gso.hpp"
#include "smolstack/wire/virtio_net.hpp"

namespace smolstack::test {

Node& Lab::router(std::initializer_list<std::string_view> subnets, StackOptions options) {
  options.settings.forwarding = true;
  return add(subnets, options);
}

Node& Lab::host(std::initializer_list<std::string_view> subnets, StackOptions options) {
  return add(subnets, options);
}

Node& Lab::add(std::initializer_list<std::string_view> subnets, StackOptions options) {
  options.seed += nodes_.size() + 1;
  nodes_.push_back(std::make_unique<Node>(*this, options));
  Node& node = *nodes_.back();
  for (const auto subnet : subnets) node.add_port(subnet);
  node.stack().listen_icmp(true);
  run_for(5s);  // announcements of the addresses (RFC 5227 §2.3)
  for (auto& port : node.ports_) port->forget();
  return node;
}

void Lab::link(Port& a, Port& b) {
  a.linked_ = &b;
  b.linked_ = &a;
}

void Lab::receive(Port& port, const std::vector<Undone>& frames) {
  Stack& stack = port.node().stack();
  Batch batch;
  for (const Undone& frame : frames) {
    Packet packet = stack.pool().allocate(frame.bytes.size());
    if (!packet) {
      stack.receive_failed(port.index(), DropReason::no_buffer);
      continue;
    }
    put(frame, packet);
    batch.push(std::move(packet));
    if (batch.full()) stack.receive(port.index(), batch, now_);
  }
  stack.receive(port.index(), batch, now_);
}

void Lab::settle() {
  constexpr int too_many = 100'000;
  for (int rounds = 0; rounds < too_many; ++rounds) {
    bool moved = false;
    for (auto& node : nodes_)
      for (auto& port : node->ports_) moved |= drain(*port);
    std::deque<InFlight> arriving;
    arriving.swap(in_flight_);
    for (const InFlight& each : arriving) receive(*each.to, {each.frame});
    if (!moved && arriving.empty()) return;
  }
  ADD_FAILURE() << "the lab does not come to rest: a storm";
}

bool Lab::drain(Port& port) {
  Batch batch;
  bool any = false;
  while (port.node().stack().drain(port.index(), batch)) {
    any = true;
    for (Packet& packet : batch.packets()) carry(port, packet);
    batch.clear();
  }
  return any;
}

void Lab::carry(Port& port, const Packet& packet) {
  const Octets bytes(packet.bytes().begin(), packet.bytes().end());
  const Offload offload = packet->offload.moved(-std::ptrdiff_t{packet->begin});
  if (port.recording_) judge(port, packet);
  if (port.linked_ != nullptr) {
    in_flight_.push_back({port.linked_, Undone(bytes, offload)});
  } else if (const auto answer = port.neighborhood_.answer(decode(bytes))) {
    in_flight_.push_back({&port, Undone(encode(*answer))});
    return;
  }
  if (port.recording_) port.record({bytes, now_, offload});
}

/// Of a super-frame each segment, as the device must make them.
void Lab::judge(Port& port, const Packet& packet) {
  if (packet.is_plain()) return judge_frame(port, packet.bytes());
  PacketPool pool({.small = max_gso_segments + 1, .large = max_gso_segments + 1});
  PacketQueue segments;
  if (packet.is_super_frame())
    EXPECT_TRUE(segment(pool, packet, segments));
  else
    segments.push(first_segment(pool, packet));
  while (const Packet each = segments.pop()) judge_frame(port, each.bytes());
}

void Lab::judge_frame(Port& port, ConstBytes frame) {
  const auto is_own = [&](Ipv4Address a) { return port.node().stack().tables().is_own(a); };
  if (const auto rule = broken_rule(port.interface(), frame, is_own))
    ADD_FAILURE() << "a frame with " << *rule << ": " << decode(frame);
}

std::optional<Instant> Lab::next_deadline() const {
  std::optional<Instant> first;
  for (const auto& node : nodes_)
    if (const auto at = node->stack_.next_deadline(); at && (!first || *at < *first)) first = at;
  return first;
}

void Lab::run_for(Duration duration) {
  const Instant end = now_ + duration;
  int standing_still = 0;
  for (auto at = next_deadline(); at && *at <= end; at = next_deadline()) {
    standing_still = *at > now_ ? 0 : standing_still + 1;
    if (standing_still > 100) {
      ADD_FAILURE() << "a deadline stays in the past: the loop of a real node would spin";
      break;
    }
    now_ = std::max(now_, *at);
    advance();
  }
  now_ = end;
  advance();
}

void Lab::advance() {
  for (auto& node : nodes_) node->stack_.advance(now_);
  settle();
}

}  // namespace smolstack::test
