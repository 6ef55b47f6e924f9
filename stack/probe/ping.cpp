#include "smolstack/probe/ping.hpp"

#include "smolstack/probe/ping_session.hpp"

namespace smolstack::control {
namespace {

/// What the server holds of a ping.
class RunningPing final : public Running {
 public:
  explicit RunningPing(std::shared_ptr<PingSession> session) : session_(std::move(session)) {}
  RunningPing(const RunningPing&) = delete;
  RunningPing& operator=(const RunningPing&) = delete;
  ~RunningPing() override { session_->abandon(); }
  void stop() override { session_->finish(); }

 private:
  std::shared_ptr<PingSession> session_;
};

}  // namespace

std::unique_ptr<Running> ping(Machine& machine, const Words& words,
                              const std::shared_ptr<Reply>& reply) {
  auto options = parse_ping(words);
  if (!options) return reply->fail(exit_code::wrong, options.error()), nullptr;
  auto route = find_probe_route(machine.stack, options->destination, options->source);
  if (!route) return reply->fail(exit_code::wrong, "ping: " + route.error()), nullptr;
  if (route->broadcast && !options->broadcast) {
    reply->fail(exit_code::wrong,
                "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall "
                "rules");
    return nullptr;
  }
  auto session =
      std::make_shared<PingSession>(machine, std::move(*options), std::move(*route), reply);
  auto running = std::make_unique<RunningPing>(session);
  return session->start() ? std::move(running) : nullptr;
}

}  // namespace smolstack::control
