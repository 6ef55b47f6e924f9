#include "smolstack/probe/traceroute.hpp"

#include "smolstack/probe/traceroute_session.hpp"

namespace smolstack::control {
namespace {

/// What the server holds of a traceroute.
class RunningTraceroute final : public Running {
 public:
  explicit RunningTraceroute(std::shared_ptr<TracerouteSession> session)
      : session_(std::move(session)) {}
  RunningTraceroute(const RunningTraceroute&) = delete;
  RunningTraceroute& operator=(const RunningTraceroute&) = delete;
  ~RunningTraceroute() override { session_->abandon(); }
  void stop() override { session_->finish(); }

 private:
  std::shared_ptr<TracerouteSession> session_;
};

}  // namespace

std::unique_ptr<Running> traceroute(Machine& machine, const Words& words,
                                    const std::shared_ptr<Reply>& reply) {
  auto options = parse_traceroute(words);
  if (!options) return reply->fail(exit_code::wrong, options.error()), nullptr;
  auto route = find_probe_route(machine.stack, options->destination, {});
  if (route && route->broadcast) route = unexpected(std::string("connect: Permission denied"));
  if (!route) return reply->fail(exit_code::no, route.error()), nullptr;
  auto session =
      std::make_shared<TracerouteSession>(machine, std::move(*options), std::move(*route), reply);
  auto running = std::make_unique<RunningTraceroute>(session);
  return session->start() ? std::move(running) : nullptr;
}

}  // namespace smolstack::control
