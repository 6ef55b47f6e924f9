#include "smolstack/mirror/neighbors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>

#include "smolstack/io/rtnetlink.hpp"
#include "smolstack/mirror/namespace_reading.hpp"

namespace smolstack::mirror {
namespace {

// Three questions a second apart, as we ask ourselves (RFC 1122 §2.3.2.1): a failure is told to the
// kernel before it gives up by itself.
constexpr io::NeighborProbes ask_us{.application = 4, .unicast = 0, .multicast = 0};
constexpr std::size_t most_notices = 4096;
constexpr std::size_t most_message_bytes = 8192;

/// A header, the fixed part, an IPv4 and a link address.
using MessageBuffer = std::array<char, 64>;

/// What the kernel is told of a neighbour's state; 0: nothing. It runs timers of its own while a
/// neighbour is in use, and asks us when they have run out.
std::uint16_t kernel_state(NeighborState state) {
  switch (state) {
    case NeighborState::none:
    case NeighborState::incomplete: return 0;
    case NeighborState::reachable: return NUD_REACHABLE;
    case NeighborState::stale:
    case NeighborState::delay:
    case NeighborState::probe: return NUD_STALE;
    case NeighborState::failed: return NUD_FAILED;
    case NeighborState::permanent: return NUD_PERMANENT;
  }
  return 0;
}

/// What a program wants our entry to be; none: it is to go.
NeighborState our_state(std::uint16_t state) {
  if ((state & (NUD_PERMANENT | NUD_NOARP)) != 0) return NeighborState::permanent;
  if ((state & NUD_REACHABLE) != 0) return NeighborState::reachable;
  if ((state & (NUD_STALE | NUD_DELAY | NUD_PROBE)) != 0) return NeighborState::stale;
  return NeighborState::none;
}

}  // namespace

Expected<void, Error> take_over_neighbors(std::span<const MirrorLink> mirrors) {
  auto kernel = io::Rtnetlink::open();
  if (!kernel) return unexpected(std::move(kernel.error()));
  for (const MirrorLink& mirror : mirrors)
    if (auto done = kernel->set_neighbor_probes(mirror.ifindex, ask_us); !done) return done;
  return {};
}

void Neighbors::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Neighbors::Neighbors(mnl_socket* socket, Stack& stack, const LinkMap& links)
    : socket_(socket), stack_(&stack), links_(&links) {}

Expected<Neighbors, Error> Neighbors::open(Stack& stack, const LinkMap& links) {
  const std::string doing = "opening a netlink socket for neighbours";
  Neighbors opened(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK), stack, links);
  if (!opened.socket_) return failed(errno, doing);
  if (mnl_socket_bind(opened.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) return failed(errno, doing);
  stack.arp().watch(true);
  return opened;
}

// --- What the kernel says ------------------------------------------------------------------------

void Neighbors::notice(const nlmsghdr& message) {
  const unsigned speaker = message.nlmsg_pid;
  if (speaker == mnl_socket_get_portid(socket_.get()) || notices_.size() >= most_notices) return;
  if (const auto row = parse_neighbor(message))
    notices_.push_back({message.nlmsg_type, speaker != 0, *row});
}

void Neighbors::settle(Instant now) {
  for (const Notice& notice : std::exchange(notices_, {})) {
    const NeighborKey key{links_->interface_of(notice.row.ifindex), notice.row.address};
    if (key.interface == IfIndex::none || key.interface == loopback_index) continue;
    if (notice.type == RTM_GETNEIGH)
      question(key, now);
    else
      changed(notice, key, now);
  }
}

void Neighbors::question(const NeighborKey& key, Instant now) {
  Interface& out = stack_->interfaces()[key.interface];
  // A cable that is unplugged answers nobody, and the kernel's three seconds are as good as ours.
  if (!out.usable()) return;
  stack_->want_neighbor(out, key.address, now);
  if (const auto view = stack_->arp().cache().find(key)) tell(*view);
}

// The kernel's own changes are its own affair; but for permanent entries, which it makes and ends
// only for a program (`arp -s` and `arp -d` do not give the program's number).
void Neighbors::changed(const Notice& notice, const NeighborKey& key, Instant now) {
  const bool is_gone = notice.type == RTM_DELNEIGH;
  const NeighborState wanted = is_gone ? NeighborState::none : our_state(notice.row.state);
  if (!notice.is_program && wanted != NeighborState::permanent && !(is_gone && is_permanent(key)))
    return;
  if (wanted == NeighborState::none)
    (void)stack_->remove_neighbor(key);
  else
    stack_->arp().set(key, notice.row.mac, wanted, now);
}

bool Neighbors::is_permanent(const NeighborKey& key) const {
  const auto view = stack_->arp().cache().find(key);
  return view && view->state == NeighborState::permanent;
}

Expected<void, Error> Neighbors::resync(Instant now) {
  const auto rows = read_neighbors();
  if (!rows) return unexpected(rows.error());
  for (const NeighborView& view : stack_->arp().cache().entries()) {
    const bool is_there = std::ranges::any_of(*rows, [&](const NeighborRow& row) {
      return row.address == view.key.address && (row.state & NUD_PERMANENT) != 0 &&
             links_->interface_of(row.ifindex) == view.key.interface;
    });
    if (view.state == NeighborState::permanent && !is_there)
      (void)stack_->remove_neighbor(view.key);
  }
  for (const NeighborRow& row : *rows)
    if ((row.state & NUD_PERMANENT) != 0) notices_.push_back({RTM_NEWNEIGH, true, row});
  settle(now);
  return {};
}

// --- What the kernel is told ---------------------------------------------------------------------

void Neighbors::push() {
  for (const NeighborView& view : stack_->arp().take_changes()) tell(view);
  send();
}

void Neighbors::tell(const NeighborView& view) {
  const unsigned ifindex = links_->ifindex_of(view.key.interface);
  const std::uint16_t state = kernel_state(view.state);
  const bool is_gone = view.state == NeighborState::none;
  if (ifindex == 0 || (state == 0 && !is_gone)) return;
  alignas(nlmsghdr) MessageBuffer buffer{};
  nlmsghdr* const message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = is_gone ? RTM_DELNEIGH : RTM_NEWNEIGH;
  message->nlmsg_flags = NLM_F_REQUEST;
  if (!is_gone) message->nlmsg_flags |= NLM_F_CREATE | NLM_F_REPLACE;
  auto& fixed = *static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ndmsg)));
  fixed.ndm_family = AF_INET;
  fixed.ndm_ifindex = static_cast<int>(ifindex);
  fixed.ndm_state = state;
  mnl_attr_put(message, NDA_DST, sizeof view.key.address, &view.key.address);
  if (has_address(view.state)) mnl_attr_put(message, NDA_LLADDR, sizeof view.mac, &view.mac);
  const auto bytes = std::as_bytes(std::span(buffer)).first(message->nlmsg_len);
  messages_.insert(messages_.end(), bytes.begin(), bytes.end());
  if (messages_.size() >= most_message_bytes) send();
}

/// The kernel carries out what it is sent before the call returns, and answers only what it
/// refuses.
void Neighbors::send() {
  if (messages_.empty()) return;
  if (mnl_socket_sendto(socket_.get(), messages_.data(), messages_.size()) < 0) ++failed_pushes_;
  messages_.clear();
  read_refusals();
}

void Neighbors::read_refusals() {
  alignas(nlmsghdr) std::array<char, 8192> answer;
  while (true) {
    const auto size = mnl_socket_recvfrom(socket_.get(), answer.data(), answer.size());
    if (size < 0 && errno == ENOBUFS) continue;  // refused so much that refusals were lost
    if (size <= 0) return;
    int left = static_cast<int>(size);
    const void* at = answer.data();
    for (const auto* message = static_cast<const nlmsghdr*>(at); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_type != NLMSG_ERROR) continue;
      const auto* const refusal = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
      // Gone on both sides already, as when a link goes down.
      if (refusal->error != 0 && refusal->error != -ENOENT) ++failed_pushes_;
    }
  }
}

}  // namespace smolstack::mirror
