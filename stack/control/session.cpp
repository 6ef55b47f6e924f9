#include "smolstack/control/session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

namespace smolstack::control {
namespace {

using boost::system::error_code;

std::string to_line(const Json& json) {
  // What a client said may be quoted here, and need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

bool is_stop(const Json& request) {
  const auto stop = request.is_object() ? request.find("stop") : request.end();
  return stop != request.end() && stop->is_boolean() && stop->get<bool>();
}

/// One request's way back. It outlives its session harmlessly.
class SessionReply : public Reply {
 public:
  SessionReply(std::weak_ptr<Session> session, std::uint64_t request)
      : session_(std::move(session)), request_(request) {}

  void data(const Json& data) override {
    if (const auto session = session_.lock()) session->put_data(request_, data);
  }
  void finish(int exit) override {
    if (const auto session = session_.lock()) session->put_end(request_, {{"exit", exit}});
  }
  void fail(int exit, std::string_view error) override {
    if (const auto session = session_.lock())
      session->put_end(request_, {{"exit", exit}, {"error", error}});
  }
  void rows(Rows next, int exit) override {
    if (const auto session = session_.lock()) session->put_rows(request_, std::move(next), exit);
  }

 private:
  std::weak_ptr<Session> session_;
  std::uint64_t request_;
};

}  // namespace

Session::Session(Socket socket, SessionOwner& owner, const ServerLimits& limits)
    : socket_(std::move(socket)), owner_(&owner), limits_(limits), idle_(socket_.get_executor()) {}

void Session::start() {
  watch();
  read();
}

std::unique_ptr<Running> Session::abandon() {
  owner_ = nullptr;
  busy_ = false;
  rows_ = nullptr;
  idle_.cancel();
  error_code ignored;
  socket_.close(ignored);
  return std::move(running_);
}

void Session::close() {
  if (owner_ == nullptr) return;
  SessionOwner& owner = *owner_;
  if (auto running = abandon()) owner.bury(std::move(running));
  owner.closed(*this);
}

/// Cuts off who does nothing: asks nothing, or does not read what it asked for.
void Session::watch() {
  idle_.expires_after(limits_.idle);
  idle_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->owner_ == nullptr) return;
    if (self->busy_ && !self->sending_) return self->watch();
    self->close();
  });
}

void Session::read() {
  socket_.async_read_some(boost::asio::buffer(buffer_),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            if (self->owner_ == nullptr) return;
                            if (error) return self->shut_when_done();
                            self->watch();
                            self->input_.append(self->buffer_.data(), size);
                            self->take_lines();
                            if (self->owner_ != nullptr && !self->ending_) self->read();
                          });
}

/// The client sends no more. What it asked for and has not read yet it still gets, but a command
/// that goes on ends here.
void Session::shut_when_done() {
  ending_ = true;
  if (running_ || (!sending_ && !busy_)) close();
}

void Session::take_lines() {
  if (taking_) return;
  taking_ = true;
  while (owner_ != nullptr) {
    const std::size_t end = input_.find('\n');
    if (end == std::string::npos || end > limits_.line) break;
    const std::string line = input_.substr(0, end);
    if (busy_ && !take_while_busy(line)) break;
    input_.erase(0, end + 1);
    if (!busy_) take_line(line);
  }
  taking_ = false;
  if (owner_ != nullptr && input_.size() > limits_.line) refuse_long_line();
}

void Session::refuse_long_line() {
  input_.clear();
  const std::string limit = std::to_string(limits_.line);
  put_line({{"exit", exit_code::wrong}, {"error", "a line has at most " + limit + " bytes"}});
  if (owner_ != nullptr) shut_when_done();
}

/// Says whether the line is dealt with.
bool Session::take_while_busy(const std::string& line) {
  if (!is_stop(Json::parse(line, nullptr, false))) return false;
  rows_ = nullptr;
  if (running_) {
    running_->stop();
    if (owner_ != nullptr) owner_->flush();
  } else if (busy_) {
    put_end(request_, {{"exit", exit_code::done}});
  }
  return true;
}

void Session::take_line(const std::string& line) {
  const Json request = Json::parse(line, nullptr, false);
  // A stop that comes after the end of its command is no mistake.
  if (is_stop(request)) return;
  begin(request);
}

void Session::begin(const Json& request) {
  busy_ = true;
  ++request_;
  auto running = owner_->start(request, std::make_shared<SessionReply>(weak_from_this(), request_));
  if (owner_ == nullptr) return;
  if (busy_)
    running_ = std::move(running);
  else if (running)
    owner_->bury(std::move(running));
  owner_->flush();
  if (ending_ && running_) close();
}

void Session::put_data(std::uint64_t request, const Json& data) {
  if (owner_ != nullptr && busy_ && request == request_) put_line({{"data", data}});
}

void Session::put_end(std::uint64_t request, const Json& end) {
  if (owner_ == nullptr || !busy_ || request != request_) return;
  busy_ = false;
  if (running_) owner_->bury(std::move(running_));
  put_line(end);
  if (owner_ == nullptr || taking_) return;
  // The next request may wait already; not on the stack of whoever finished.
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->owner_ != nullptr) self->take_lines();
  });
}

void Session::put_rows(std::uint64_t request, Rows rows, int exit) {
  if (owner_ == nullptr || !busy_ || request != request_) return;
  rows_ = std::move(rows);
  rows_exit_ = exit;
  pump_rows();
}

/// Makes as many rows as fit into half of the output that a client may owe us.
void Session::pump_rows() {
  while (rows_ && output_.size() + writing_.size() < limits_.output / 2) {
    if (const auto row = rows_()) {
      put_data(request_, *row);
    } else {
      rows_ = nullptr;
      put_end(request_, {{"exit", rows_exit_}});
    }
  }
}

void Session::put_line(const Json& line) {
  if (owner_ == nullptr) return;
  output_ += to_line(line);
  if (output_.size() + writing_.size() > limits_.output) return close();
  write();
}

void Session::write() {
  if (sending_ || (writing_.empty() && output_.empty())) return;
  if (writing_.empty()) std::swap(writing_, output_);
  sending_ = true;
  socket_.async_write_some(boost::asio::buffer(writing_),
                           [self = shared_from_this()](error_code error, std::size_t size) {
                             if (self->owner_ == nullptr) return;
                             if (error) return self->close();
                             self->written(size);
                           });
}

void Session::written(std::size_t size) {
  sending_ = false;
  watch();
  writing_.erase(0, size);
  pump_rows();
  take_lines();
  if (owner_ == nullptr) return;
  write();
  if (ending_ && !sending_ && !busy_) close();
}

}  // namespace smolstack::control
