#include "wire/kit/wire.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <poll.h>

#include <gtest/gtest.h>

#include "lab/support/judge.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration start_limit = 10s;
constexpr Duration answer_limit = 3s;
/// A probe may be lost in a flood of the test's own making, or come before the machine listens.
constexpr Duration ask_again = 30ms;
constexpr int too_many_rounds = 1000;

Instant now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

Interface interface_of(const Link& link, std::size_t i) {
  Interface interface;
  const Ipv4Subnet subnet = parse_ipv4_subnet(link.address).value();
  interface.name = "eth" + std::to_string(i);
  interface.mac = default_mac(subnet.address);
  interface.mtu = link.mtu;
  interface.addresses.push_back({subnet});
  return interface;
}

/// The station that asks the n-th probe, known by its MAC alone.
MacAddress fence_mac(std::size_t n) {
  MacAddress mac{{0x02, 0xfe}};
  for (std::size_t i = 2; i < 6; ++i) mac.octets[i] = static_cast<std::uint8_t>(n >> (8 * (5 - i)));
  return mac;
}

/// Where captures go, if anywhere: two files for each wire of each test.
CaptureFile capture_of(std::size_t wire, const char* ending) {
  const char* const folder = std::getenv("SMOL_WIRE_CAPTURES");
  const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
  if (folder == nullptr || test == nullptr) return {};
  std::string name = std::string(test->test_suite_name()) + "." + test->name();
  std::ranges::replace(name, '/', '-');
  return CaptureFile(std::string(folder) + "/" + name + "." + std::to_string(wire) + ending);
}

}  // namespace

Wire::Wire(Bench& bench, const Link& link, std::size_t i)
    : bench_(bench),
      interface_(interface_of(link, i)),
      socket_(wire_name(i)),
      own_frames_(capture_of(i, ".own.pcap")),
      transit_(capture_of(i, ".transit.pcap")) {}

void Wire::sends(const Frame& frame) {
  socket_.send(encode(neighborhood_.addressed(frame)));
}

void Wire::sends(const std::vector<Frame>& frames) {
  for (const Frame& each : frames) sends(each);
}

const std::vector<Captured>& Wire::received() {
  bench_.settle();
  return received_;
}

void Wire::forget() {
  bench_.settle();
  received_.clear();
}

bool Wire::hears(const Frame& expected, Duration within) {
  const auto came = [&] { return count_of(received_, expected) > 0; };
  return bench_.listen(within, came);
}

bool Wire::is_fence(const Frame& frame) const {
  const auto* arp = layer<ArpLayer>(frame);
  return arp != nullptr && arp->fields.operation == 2 && arp->fields.target_mac &&
         arp->fields.target_mac->octets[0] == 0x02 && arp->fields.target_mac->octets[1] == 0xfe;
}

/// RFC 5227 §2.1.1, §2.3: a probe or an announcement, both ask for the machine's own address.
bool Wire::is_announcement(const Frame& frame) const {
  const auto* arp = layer<ArpLayer>(frame);
  return arp != nullptr && arp->fields.operation == 1 && interface_.find(*arp->target) != nullptr;
}

void Wire::take(Octets bytes) {
  const Instant at = now();
  bench_.judge(*this, bytes);
  const Frame frame = decode(bytes);
  const auto* ip = layer<Ipv4Layer>(frame);
  (ip == nullptr || bench_.is_own(*ip->source) ? own_frames_ : transit_).add(bytes);
  if (is_fence(frame)) {
    if (layer<ArpLayer>(frame)->fields.target_mac->octets == fence_mac(fences_sent_).octets)
      fence_passed_ = fences_sent_;
  } else if (const auto answer = neighborhood_.answer(frame)) {
    socket_.send(encode(*answer));
    bench_.answered_ = true;
  } else if (announcements_ || !is_announcement(frame)) {
    received_.push_back({std::move(bytes), at});
  }
}

Bench::Bench(const Wiring& wiring) : machine_(Machine::make(wiring)) {
  for (std::size_t i = 0; i < wiring.links.size(); ++i)
    wires_.push_back(std::make_unique<Wire>(*this, wiring.links[i], i));
  machine_->start();
  const auto up = [&] { return std::ranges::all_of(wires_, [&](auto& w) { return fence(*w); }); };
  const Instant end = now() + start_limit;
  bool running = up();
  while (!running && machine_->alive() && now() < end) running = up();
  if (!running) ADD_FAILURE() << "the machine does not start";
}

void Bench::settle() {
  for (int rounds = 0; rounds < too_many_rounds; ++rounds) {
    answered_ = false;
    for (auto& wire : wires_) {
      if (fence(*wire)) continue;
      ADD_FAILURE() << wire->interface_.name << " does not answer any more";
      return;
    }
    if (!answered_) return;
  }
  ADD_FAILURE() << "the machine does not come to rest: it asks and asks";
}

bool Bench::fence(Wire& wire) {
  const std::size_t n = ++wire.fences_sent_;
  const Frame probe = ethernet(fence_mac(n), broadcast_mac) /
                      arp_request("0.0.0.0", wire.address(), {.sender_mac = fence_mac(n)});
  const Instant end = now() + answer_limit;
  while (now() < end) {
    wire.socket_.send(encode(probe));
    if (listen(ask_again, [&] { return wire.fence_passed_ == n; })) return true;
    if (!machine_->alive()) return false;
  }
  return false;
}

bool Bench::listen(Duration within, const std::function<bool()>& done) {
  const Instant end = now() + within;
  for (;;) {
    take_all();
    if (done()) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now()).count();
    if (left <= 0) return false;
    std::vector<pollfd> waiting;
    for (auto& wire : wires_) waiting.push_back({wire->socket_.number(), POLLIN, 0});
    (void)::poll(waiting.data(), waiting.size(), static_cast<int>(left));
  }
}

bool Bench::repeat(Duration pause, Duration within, const std::function<bool()>& step) {
  const Instant end = now() + within;
  while (!step()) {
    if (now() >= end) return false;
    (void)listen(pause, [] { return false; });
  }
  return true;
}

void Bench::take_all() {
  for (auto& wire : wires_)
    while (auto frame = wire->socket_.receive()) wire->take(std::move(*frame));
}

bool Bench::is_own(Ipv4Address address) const {
  return std::ranges::any_of(wires_,
                             [&](auto& each) { return each->interface_.find(address) != nullptr; });
}

void Bench::judge(const Wire& wire, const Octets& frame) const {
  const auto own = [&](Ipv4Address address) { return is_own(address); };
  if (const auto rule = broken_rule(wire.interface_, frame, own))
    ADD_FAILURE() << "a frame with " << *rule << ": " << decode(frame);
}

}  // namespace smolstack::test
