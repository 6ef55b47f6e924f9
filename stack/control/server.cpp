#include "smolstack/control/server.hpp"

#include <exception>
#include <fcntl.h>
#include <optional>
#include <set>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smolstack/control/session.hpp"

namespace smolstack::control {
namespace {

using boost::system::error_code;
using Protocol = boost::asio::local::stream_protocol;

/// How long to wait when the process has no descriptor left for another client.
constexpr auto accept_pause = std::chrono::seconds(1);

/// Only our own user and root may ask (the socket's mode says so too).
bool is_trusted(int socket) {
  const auto peer = peer_of(socket);
  return peer && (peer->uid == ::geteuid() || peer->uid == 0);
}

/// Says one thing to a client that is not served. Its socket is new: the line fits.
void turn_away(int socket, std::string_view why) {
  const Json end = {{"exit", exit_code::wrong}, {"error", why}};
  const std::string line = end.dump() + '\n';
  (void)::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// The words of a request, or nothing when they are not a list of strings.
std::optional<Words> words_of(const Json& request) {
  const auto found = request.find("words");
  if (found == request.end()) return Words{};
  if (!found->is_array()) return {};
  Words words;
  for (const Json& word : *found) {
    if (!word.is_string()) return {};
    words.push_back(word.get<std::string>());
  }
  return words;
}

}  // namespace

struct Server::State : SessionOwner, std::enable_shared_from_this<State> {
  State(boost::asio::io_context& in, std::shared_ptr<Commander> who, LocalListener at,
        const ServerLimits& bounds)
      : context(in),
        commander(std::move(who)),
        listener(std::move(at)),
        limits(bounds),
        acceptor(in, Protocol(), ::fcntl(listener->descriptor(), F_DUPFD_CLOEXEC, 0)),
        pause(std::in_place, in) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](error_code error, Session::Socket socket) {
      if (self->stopped) return;
      if (error) return self->accept_later();
      self->admit(std::move(socket));
      self->accept();
    });
  }

  void accept_later() {
    pause->expires_after(accept_pause);
    pause->async_wait([self = shared_from_this()](error_code) {
      if (!self->stopped) self->accept();
    });
  }

  void admit(Session::Socket socket) {
    if (!is_trusted(socket.native_handle()))
      return turn_away(socket.native_handle(), "this machine belongs to another user");
    if (sessions.size() >= limits.clients)
      return turn_away(socket.native_handle(),
                       "too many clients: at most " + std::to_string(limits.clients));
    error_code error;
    socket.non_blocking(true, error);
    if (error) return;
    const auto session = std::make_shared<Session>(std::move(socket), *this, limits);
    sessions.insert(session);
    session->start();
  }

  std::unique_ptr<Running> start(const Json& request, std::shared_ptr<Reply> reply) override {
    const auto refuse = [&](const std::string& why) {
      reply->fail(exit_code::wrong, why);
      return nullptr;
    };
    if (!request.is_object()) return refuse("a request is one JSON object on one line");
    const auto name = request.find("command");
    if (name == request.end() || !name->is_string()) return refuse("\"command\" is missing");
    const auto words = words_of(request);
    if (!words) return refuse("\"words\" is not a list of strings");
    return run(name->get<std::string>(), *words, reply);
  }

  /// A mistake of ours in one command is no reason for the machine to end.
  std::unique_ptr<Running> run(const std::string& command, const Words& words,
                               const std::shared_ptr<Reply>& reply) {
    try {
      return commander->start(command, words, reply);
    } catch (const std::exception& error) {
      reply->fail(exit_code::wrong, std::string("the command failed: ") + error.what());
      return nullptr;
    }
  }

  void flush() override { commander->flush(); }

  void bury(std::unique_ptr<Running> running) override {
    ended.push_back(std::move(running));
    boost::asio::post(context, [self = shared_from_this()] {
      // A destructor may end another command.
      const auto now = std::exchange(self->ended, {});
    });
  }

  void closed(Session& session) override { sessions.erase(session.shared_from_this()); }

  void stop() {
    stopped = true;
    error_code ignored;
    acceptor.close(ignored);
    // Handlers that the loop has not run yet keep this object; the path goes at once.
    listener.reset();
    pause.reset();
    for (const auto& session : std::exchange(sessions, {})) ended.push_back(session->abandon());
    ended.clear();
  }

  boost::asio::io_context& context;
  std::shared_ptr<Commander> commander;
  std::optional<LocalListener> listener;
  ServerLimits limits;
  Protocol::acceptor acceptor;
  std::optional<boost::asio::steady_timer> pause;
  std::set<std::shared_ptr<Session>> sessions;
  std::vector<std::unique_ptr<Running>> ended;
  bool stopped = false;
};

Server::Server(boost::asio::io_context& context, std::shared_ptr<Commander> commander,
               LocalListener listener, const ServerLimits& limits)
    : state_(std::make_shared<State>(context, std::move(commander), std::move(listener), limits)) {
  state_->accept();
}

Server::Server(boost::asio::io_context& context, Machine machine, LocalListener listener,
               std::span<const Command> commands, const ServerLimits& limits)
    : Server(context, std::make_shared<MachineCommander>(std::move(machine), commands),
             std::move(listener), limits) {}

Server::~Server() {
  state_->stop();
}

std::size_t Server::clients() const {
  return state_->sessions.size();
}

}  // namespace smolstack::control
