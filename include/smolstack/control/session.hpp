#pragma once
// One client of the control socket: its lines, its running command, its pending output.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smolstack/control/server.hpp"

namespace smolstack::control {

/// What sessions ask of the server that holds them.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual std::unique_ptr<Running> start(const Json& request, std::shared_ptr<Reply> reply) = 0;
  /// Something was done to the machine: let frames out.
  virtual void flush() = 0;
  /// Destroys a command that ended, later: it may be on the call stack now.
  virtual void bury(std::unique_ptr<Running> running) = 0;
  virtual void closed(class Session& session) = 0;
};

/// Reads requests one after the other. While a command runs, only {"stop": true} is looked at;
/// what comes behind it waits, within the limit of a line.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  Session(Socket socket, SessionOwner& owner, const ServerLimits& limits);
  void start();
  /// Cuts the client off. The owner hears of it.
  void close();
  /// The owner goes away: like close(), and it is not asked for anything any more.
  std::unique_ptr<Running> abandon();

  // What replies do. `request` is the number of the request that is answered; late words are
  // ignored.
  void put_data(std::uint64_t request, const Json& data);
  void put_end(std::uint64_t request, const Json& end);
  void put_rows(std::uint64_t request, Rows rows, int exit);

 private:
  void read();
  void take_lines();
  void take_line(const std::string& line);
  void refuse_long_line();
  bool take_while_busy(const std::string& line);
  void begin(const Json& request);
  void put_line(const Json& line);
  void pump_rows();
  void write();
  void written(std::size_t size);
  void watch();
  void shut_when_done();

  Socket socket_;
  SessionOwner* owner_;
  ServerLimits limits_;
  boost::asio::steady_timer idle_;
  std::array<char, 4096> buffer_{};
  std::string input_;
  std::string output_;
  std::string writing_;
  std::unique_ptr<Running> running_;
  Rows rows_;
  int rows_exit_ = 0;
  std::uint64_t request_ = 0;
  bool busy_ = false;
  bool taking_ = false;
  bool sending_ = false;
  bool ending_ = false;
};

}  // namespace smolstack::control
