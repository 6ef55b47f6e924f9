#include "smolstack/io/worker.hpp"

#include <algorithm>
#include <csignal>
#include <pthread.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/transit/transit.hpp"
#include "smolstack/wire/ethernet.hpp"

namespace smolstack::io {
namespace {

constexpr int events_at_once = 64;
constexpr unsigned batches_per_queue = 4;  // then the other queues have their turn
constexpr std::size_t most_parked = 512;   // frames that wait for the loop
constexpr std::uint32_t the_call = ~0u;    // among the events: mail, or the end

/// Which of the buckets a frame's flow is in, by its two addresses; frames of no flow share one.
std::uint8_t flow_of(const Interface& in, const Packet& frame) {
  const std::size_t before = in.link == LinkType::ethernet ? sizeof(wire::EthernetHeader) : 0;
  if (frame.size() < before + sizeof(wire::Ipv4Header)) return 0;
  const auto& ip = header_at<wire::Ipv4Header>(frame.bytes().subspan(before));
  // The sum is the same both ways; the factor (2^32 / phi) spreads it.
  const std::uint32_t both = ip.source.host() + ip.destination.host();
  return static_cast<std::uint8_t>(both * 0x9e3779b9u >> 24);
}

/// Is it a datagram that a route leads on, plain or not?
bool is_in_transit(const Interface& in, const Ipv4Fib& fib, const Packet& frame) {
  const std::size_t before = in.link == LinkType::ethernet ? sizeof(wire::EthernetHeader) : 0;
  if (frame.size() < before + sizeof(wire::Ipv4Header)) return false;
  if (before > 0 && frame.header<wire::EthernetHeader>().type != ether_type::ipv4) return false;
  const auto& ip = header_at<wire::Ipv4Header>(frame.bytes().subspan(before));
  const Ipv4Hop* const hop = fib.lookup(ip.destination);
  return hop != nullptr && hop->kind == RouteKind::unicast;
}

/// What a punted frame is known by: its worker and its flow; never 0.
std::uint16_t label_of(unsigned worker, std::uint8_t flow) {
  return static_cast<std::uint16_t>((worker + 1) << 8 | flow);
}

void take_over(const PlaneConfiguration::Link& link, Interface& here) {
  here.link = link.link;
  here.mac = link.mac;
  here.mtu = link.mtu;
  here.up = link.up;
  // Neither out by it nor in from it: the loop alone can.
  here.running = link.running && !link.all_by_loop;
  here.forwarding = link.forwarding;
  here.rp_filter = link.rp_filter;
  here.addresses.clear();
  for (const Ipv4Subnet& subnet : link.addresses) here.addresses.push_back({.subnet = subnet});
}

void add(std::atomic<std::uint64_t>& to, std::uint64_t n) {
  // One writer: no locked instruction is needed.
  if (n > 0) to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

void leave_signals_to_others() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void signal(int eventfd) {
  const std::uint64_t one = 1;
  // It can fail only when the counter is full, and then the other side is awake anyway.
  [[maybe_unused]] const auto written = ::write(eventfd, &one, sizeof one);
}

}  // namespace

Worker::Worker(unsigned number, const PoolSizes& pool)
    : number_(number),
      pool_(pool),
      poll_(::epoll_create1(EPOLL_CLOEXEC)),
      called_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  pool_.allow_lending();
  epoll_event event{.events = EPOLLIN, .data = {.u32 = the_call}};
  ::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, called_.number(), &event);
}

Worker::~Worker() {
  stop();
}

// --- The loop's thread ---------------------------------------------------------------------------

void Worker::attach(IfIndex interface, std::unique_ptr<Device> queue, PuntLane& lane, int wake) {
  const std::lock_guard lock(mail_mutex_);
  mail_.queues.push_back({interface, std::move(queue), &lane, wake});
  has_mail_.store(true, std::memory_order_release);
  signal(called_.number());
}

void Worker::configure(std::shared_ptr<const PlaneConfiguration> configuration) {
  const std::lock_guard lock(mail_mutex_);
  mail_.configuration = std::move(configuration);
  has_mail_.store(true, std::memory_order_release);
}

void Worker::start(Stack& stack) {
  thread_ = std::thread([this, &stack] { run(stack); });
  pthread_setname_np(thread_.native_handle(), ("worker-" + std::to_string(number_)).c_str());
}

// Whoever's exchange comes second knows of what the other did before: either we find that frames
// wait here, or the worker finds what was given back.
void Worker::resume() {
  if (is_parking_.exchange(false, std::memory_order_acq_rel)) signal(called_.number());
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  signal(called_.number());
  thread_.join();
  for (Queue& queue : queues_) queue.device.reset();
}

// --- The worker's thread -------------------------------------------------------------------------

void Worker::run(Stack& stack) {
  leave_signals_to_others();
  const Ipv4Fib& fib = stack.tables().fib();
  Ipv4Fib::Reader reader(fib);
  Plane plane{interfaces_, fib, stack.arp().cache().adjacencies(), counters_, stack.flow_hash()};
  std::array<epoll_event, events_at_once> events{};
  while (!stopping_.load(std::memory_order_acquire)) {
    // While it sleeps nobody waits for it to be done with something.
    reader.offline();
    const int found = ::epoll_wait(poll_.number(), events.data(), events_at_once, -1);
    reader.online();
    const auto ready = std::span(events).first(static_cast<std::size_t>(std::max(found, 0)));
    // Before any frame, so that what the loop said before it came holds for it.
    if (has_mail_.load(std::memory_order_acquire)) read_mail();
    plane.multipath_hash = multipath_hash_;
    for (const epoll_event& event : ready) {
      if (event.data.u32 == the_call)
        hear_call();
      else
        receive(queues_[event.data.u32], plane);
      reader.quiescent();
    }
    release_parked(plane);
    publish_counters();
    wake_loop();
  }
}

void Worker::hear_call() {
  std::uint64_t calls = 0;
  [[maybe_unused]] const auto read = ::read(called_.number(), &calls, sizeof calls);
}

void Worker::read_mail() {
  Mail mail;
  {
    const std::lock_guard lock(mail_mutex_);
    std::swap(mail, mail_);
    has_mail_.store(false, std::memory_order_relaxed);
  }
  if (mail.configuration) follow(*mail.configuration);
  for (Queue& queue : mail.queues) accept(std::move(queue));
}

/// The place of a queue that is gone is taken by the new one of its interface.
void Worker::accept(Queue queue) {
  auto at = std::ranges::find(queues_, queue.interface, &Queue::interface);
  if (at == queues_.end()) at = queues_.insert(at, Queue{});
  const auto index = static_cast<std::uint32_t>(at - queues_.begin());
  queue.lane->gone.store(false, std::memory_order_release);
  epoll_event event{.events = EPOLLIN, .data = {.u32 = index}};
  ::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, queue.device->descriptor(), &event);
  interfaces_[queue.interface].offloads = queue.device->offloads();
  *at = std::move(queue);
}

void Worker::follow(const PlaneConfiguration& configuration) {
  forwarding_ = configuration.forwarding;
  multipath_hash_ = configuration.multipath_hash;
  while (interfaces_.size() < configuration.links.size()) interfaces_.add({});
  for (std::size_t i = 0; i < configuration.links.size(); ++i)
    take_over(configuration.links[i], **(interfaces_.begin() + static_cast<std::ptrdiff_t>(i)));
  for (Queue& queue : queues_)
    if (queue.device) queue.device->set_mtu(interfaces_[queue.interface].mtu);
}

void Worker::receive(Queue& queue, Plane& plane) {
  if (!queue.device) return;
  bool more = true;
  for (unsigned i = 0; more && i < batches_per_queue; ++i) {
    const ReceiveResult got = queue.device->receive(pool_, batch_);
    add(queue.lane->counted.too_long, got.too_long);
    add(queue.lane->counted.no_buffer, got.no_buffer);
    add(queue.lane->counted.malformed, got.malformed);
    add(queue.lane->counted.unknown, got.unknown);
    more = got.more && !got.likely_all;
    if (batch_.empty()) continue;
    handle(queue, plane);
    transmit();
  }
  if (queue.device->state() == DeviceState::gone) leave(queue);
}

void Worker::handle(Queue& queue, Plane& plane) {
  Interface& in = interfaces_[queue.interface];
  const Instant now = EventLoop::now();
  for (std::span<Packet> rest = batch_.packets(); !rest.empty(); rest = rest.subspan(1)) {
    if (may_pass(in)) rest = rest.subspan(carry_in_order(plane, in, rest, now));
    if (rest.empty()) break;
    keep_order(queue, plane, std::move(rest.front()), now);
  }
  batch_.clear();
}

/// A frame that is not to be carried now: it is not plain, or the loop has others of its flow.
void Worker::keep_order(Queue& queue, Plane& plane, Packet frame, Instant now) {
  const Interface& in = interfaces_[queue.interface];
  if (must_wait(in, plane, frame, now))
    park(queue, std::move(frame));
  else
    punt(queue, std::move(frame));
}

// What the loop itself is asked, such as the ARP reply that others wait for, never waits.
bool Worker::must_wait(const Interface& in, Plane& plane, const Packet& frame, Instant now) {
  const std::uint8_t flow = flow_of(in, frame);
  if (!may_pass(in) || lent_[flow] == 0) return false;
  if (parked_of_[flow] > 0) return is_in_transit(in, plane.fib, frame);
  return carrier_.may_carry(plane, interfaces_[in.index], frame, now);
}

void Worker::park(Queue& queue, Packet frame) {
  if (parked_.size() >= most_parked) return add(queue.lane->counted.not_punted, 1);
  ++parked_of_[flow_of(interfaces_[queue.interface], frame)];
  frame->arrived_on = queue.interface;
  parked_.push(std::move(frame));
}

void Worker::reclaim() {
  pool_.reclaim([this](std::uint16_t label) {
    --lent_[label & 0xff];
    --lent_in_all_;
  });
}

/// Goes on with the frames whose flows are all here again.
void Worker::release_parked(Plane& plane) {
  if (!parked_.empty()) is_parking_.exchange(true, std::memory_order_acq_rel);
  reclaim();
  if (parked_.empty()) return;
  const Instant now = EventLoop::now();
  for (std::size_t left = parked_.size(); left > 0; --left) release(plane, parked_.pop(), now);
  transmit();
}

/// All frames of its flow that came before this one have gone on, or wait again.
void Worker::release(Plane& plane, Packet frame, Instant now) {
  Queue& queue = queue_of(frame->arrived_on);
  Interface& in = interfaces_[queue.interface];
  const std::uint8_t flow = flow_of(in, frame);
  --parked_of_[flow];
  if (may_pass(in) && lent_[flow] > 0) return park(queue, std::move(frame));
  if (!may_pass(in) || carrier_.carry(plane, in, {&frame, 1}, now) == 0)
    punt(queue, std::move(frame));
}

Worker::Queue& Worker::queue_of(IfIndex interface) {
  return *std::ranges::find(queues_, interface, &Queue::interface);
}

/// Carries what it can from the front, but no frame past one of its flow that the loop has.
std::size_t Worker::carry_in_order(Plane& plane, Interface& in, std::span<Packet> frames,
                                   Instant now) {
  if (lent_in_all_ == 0) return carrier_.carry(plane, in, frames, now);
  std::size_t carried = 0;
  while (carried < frames.size() && lent_[flow_of(in, frames[carried])] == 0 &&
         carrier_.carry(plane, in, frames.subspan(carried, 1), now) == 1)
    ++carried;
  return carried;
}

void Worker::punt(Queue& queue, Packet frame) {
  const std::uint8_t flow = flow_of(interfaces_[queue.interface], frame);
  frame->arrived_on = queue.interface;
  if (queue.lane->punted.is_full()) return add(queue.lane->counted.not_punted, 1);
  ++lent_[flow];
  ++lent_in_all_;
  (void)queue.lane->punted.push(pool_.lend(std::move(frame), label_of(number_, flow)));
  queue.must_wake = true;
}

void Worker::transmit() {
  for (Queue& queue : queues_)
    if (!interfaces_[queue.interface].outgoing.empty()) transmit(queue);
}

void Worker::transmit(Queue& queue) {
  Batch frames;
  Interface& out = interfaces_[queue.interface];
  while (!out.outgoing.empty()) {
    while (!frames.full() && !out.outgoing.empty()) {
      Packet frame = out.outgoing.pop();
      ++out.counters.tx_packets;
      out.counters.tx_bytes += frame.size();
      frames.push(std::move(frame));
    }
    const std::size_t count = frames.size();
    const TransmitResult result =
        queue.device ? queue.device->transmit(frames) : TransmitResult{.down = count};
    frames.clear();
    add(queue.lane->counted.full, result.full);
    add(queue.lane->counted.down, result.down);
  }
}

/// A dead descriptor is always ready: whoever went on waiting for it would spin. The loop takes the
/// device up again, and sends a new queue.
void Worker::leave(Queue& queue) {
  queue.device.reset();
  queue.lane->gone.store(true, std::memory_order_release);
  queue.must_wake = true;
}

void Worker::publish_counters() {
  for (Queue& queue : queues_) {
    const InterfaceCounters& own = interfaces_[queue.interface].counters;
    QueueCounters& shown = queue.lane->counted;
    shown.rx_packets.store(own.rx_packets, std::memory_order_relaxed);
    shown.rx_bytes.store(own.rx_bytes, std::memory_order_relaxed);
    shown.tx_packets.store(own.tx_packets, std::memory_order_relaxed);
    shown.tx_bytes.store(own.tx_bytes, std::memory_order_relaxed);
  }
  forwarded_.store(counters_.forwarded, std::memory_order_relaxed);
}

void Worker::wake_loop() {
  for (Queue& queue : queues_)
    if (std::exchange(queue.must_wake, false)) signal(queue.wake);
}

}  // namespace smolstack::io
