#include "smolstack/mirror/mirror.hpp"

#include <linux/rtnetlink.h>
#include <optional>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "smolstack/control/log.hpp"
#include "smolstack/mirror/neighbors.hpp"
#include "smolstack/mirror/owners.hpp"
#include "smolstack/mirror/subscription.hpp"
#include "smolstack/mirror/sync.hpp"

namespace smolstack::mirror {
namespace {

namespace asio = boost::asio;
using io::EventLoop;

// A program that changes routes without a pause must not keep packets from their turn.
constexpr int messages_per_turn = 4096;

bool is_about_neighbors(std::uint16_t type) {
  return type == RTM_GETNEIGH || type == RTM_NEWNEIGH || type == RTM_DELNEIGH;
}

}  // namespace

struct Mirror::State : std::enable_shared_from_this<State> {
  State(EventLoop& events, std::vector<MirrorLink> mirrored, MirrorOptions how)
      : loop(events),
        mirrors(mirrored),
        links(std::move(mirrored)),
        options(std::move(how)),
        sync(loop.stack(), links),
        readiness(loop.context()) {}

  Expected<void, Error> start();
  Expected<void, Error> prepare_namespace();
  void listen();
  void before_input();
  void catch_up();
  bool hear_all();
  void settle(bool is_all_in_doubt);

  EventLoop& loop;
  std::vector<MirrorLink> mirrors;
  LinkMap links;
  MirrorOptions options;
  Sync sync;
  SettingsWatch settings;
  std::optional<Neighbors> neighbors;
  std::optional<Subscription> subscription;
  asio::posix::stream_descriptor readiness;  // borrows the subscription's descriptor
  std::uint64_t identities = 0;              // of the mirrors, that the owner rules were made for
  MirrorCounters counters;
  control::LogLimit log_limit;

 private:
  void note(const Expected<void, Error>& done);
  Expected<void, Error> put_owner_rules();
};

// --- The beginning -------------------------------------------------------------------------------

Expected<void, Error> Mirror::State::prepare_namespace() {
  // An idle wire is silent; a kernel without IPv6 has nothing to switch off.
  for (const char* which : {"net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"})
    if (auto done = write_sysctl({which, "1"});
        !done && done.error().code != std::errc::no_such_file_or_directory)
      return done;
  for (const SysctlValue& setting : options.sysctls)
    if (auto done = write_sysctl(setting); !done) return done;
  return take_over_neighbors(mirrors);
}

// First the ear, then the look: what changes in between is heard.
Expected<void, Error> Mirror::State::start() {
  if (auto done = prepare_namespace(); !done) return done;
  auto hears = Subscription::open(options.room);
  if (!hears) return unexpected(std::move(hears.error()));
  subscription.emplace(std::move(*hears));
  auto keeps = Neighbors::open(loop.stack(), links);
  if (!keeps) return unexpected(std::move(keeps.error()));
  neighbors.emplace(std::move(*keeps));
  if (auto done = sync.all(EventLoop::now()); !done) return done;
  if (auto done = put_owner_rules(); !done) return done;
  settings.refresh(loop.stack().settings(), EventLoop::now());
  readiness.assign(subscription->descriptor());
  listen();
  return neighbors->resync(EventLoop::now());
}

Expected<void, Error> Mirror::State::put_owner_rules() {
  identities = sync.identities();
  std::vector<OwnedLink> owned;
  for (const MirrorLink& mirror : mirrors) {
    const Interface& interface = loop.stack().interfaces()[mirror.interface];
    owned.push_back({interface.name, interface.mac});
  }
  return set_owner_rules(owned);
}

// --- Notifications -------------------------------------------------------------------------------

void Mirror::State::listen() {
  readiness.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = weak_from_this()](const boost::system::error_code& error) {
                         const auto state = self.lock();
                         if (error || !state) return;
                         state->catch_up();
                         state->listen();
                         state->loop.flush();
                       });
}

// A route that was added a moment ago counts for the next packet.
void Mirror::State::before_input() {
  settings.refresh(loop.stack().settings(), EventLoop::now());
  catch_up();
}

void Mirror::State::catch_up() {
  const bool is_all_in_doubt = hear_all();
  settle(is_all_in_doubt);
}

/// Takes in what waits; true: some of it was lost.
bool Mirror::State::hear_all() {
  bool lost = false;
  const auto hear = [this](const nlmsghdr& message) {
    if (is_about_neighbors(message.nlmsg_type))
      neighbors->notice(message);
    else
      sync.notice(message);
  };
  for (int i = 0; i < messages_per_turn; ++i) {
    const auto received = subscription->receive(hear);
    if (received == Subscription::Received::nothing) break;
    lost = lost || received == Subscription::Received::lost;
  }
  return lost;
}

void Mirror::State::settle(bool is_all_in_doubt) {
  const Instant now = EventLoop::now();
  if (is_all_in_doubt) {
    ++counters.resyncs;
    sync.doubt();
    note(neighbors->resync(now));
  }
  note(sync.settle(now));
  if (identities != sync.identities()) note(put_owner_rules());
  neighbors->settle(now);
}

void Mirror::State::note(const Expected<void, Error>& done) {
  if (done) return;
  ++counters.failed_reads;
  control::log_limited(log_limit, EventLoop::now(), *control::log_of("mirror"), spdlog::level::err,
                       done.error().message());
}

// --- What its owner sees -------------------------------------------------------------------------

Mirror::Mirror(EventLoop& loop, std::vector<MirrorLink> mirrors, MirrorOptions options)
    : state_(std::make_shared<State>(loop, std::move(mirrors), std::move(options))) {}

Mirror::~Mirror() {
  state_->loop.on_input({});
  state_->loop.on_flushed({});
  if (state_->readiness.is_open()) state_->readiness.release();
}

Expected<void, Error> Mirror::start() {
  if (auto done = state_->start(); !done) return done;
  state_->loop.on_input([state = state_.get()] { state->before_input(); });
  state_->loop.on_flushed([state = state_.get()] { state->neighbors->push(); });
  state_->loop.flush();
  return {};
}

MirrorCounters Mirror::counters() const {
  MirrorCounters counters = state_->counters;
  if (state_->neighbors) counters.failed_pushes = state_->neighbors->failed_pushes();
  return counters;
}

}  // namespace smolstack::mirror
