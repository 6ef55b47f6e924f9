#pragma once
// The control socket of a running machine: one JSON object a line, each way.

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include <boost/asio/io_context.hpp>

#include "smolstack/control/commander.hpp"
#include "smolstack/control/local_socket.hpp"

namespace smolstack::control {

/// What one client, and all of them together, may cost.
struct ServerLimits {
  std::size_t clients = 32;
  std::size_t line = 64u << 10;    ///< bytes of a request
  std::size_t output = 64u << 10;  ///< bytes that a client has not read yet
  std::chrono::milliseconds idle = std::chrono::seconds(60);
};

/// Answers the clients of one machine (or lab), on the loop that drives it. Nothing a client does,
/// or leaves undone, can hold that loop up: whoever goes beyond a limit is cut off.
class Server {
 public:
  Server(boost::asio::io_context& context, std::shared_ptr<Commander> commander,
         LocalListener listener, const ServerLimits& limits = {});
  Server(boost::asio::io_context& context, Machine machine, LocalListener listener,
         std::span<const Command> commands, const ServerLimits& limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// How many clients are connected now.
  std::size_t clients() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace smolstack::control
