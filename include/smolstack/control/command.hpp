#pragma once
// The command table: what can be asked of a running machine. The words of a command are parsed
// here, in one place; what comes back is JSON, which the client prints or turns into text.
//
// On the socket a request is one line   {"command": "ip", "words": ["route", "show"]}
// answered by any number of lines       {"data": ...}     one for each row of a table
// and at the end one line               {"exit": 0}  or  {"exit": 2, "error": "..."}
// A client that sends {"stop": true} ends a running command (a ping) in good order.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace smolstack {
class Stack;
namespace io {
class EventLoop;
class Impairments;
}  // namespace io

namespace control {

class IcmpListener;

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

/// Exit codes of every command.
namespace exit_code {
inline constexpr int done = 0;
inline constexpr int no = 1;     ///< it was asked well, and the answer is no
inline constexpr int wrong = 2;  ///< wrong use or set-up
}  // namespace exit_code

/// How a command ended. `error` is empty, or what belongs on stderr.
struct Outcome {
  int exit = exit_code::done;
  std::string error{};
};

/// Makes the rows of a table one after the other; nothing: that was the last.
using Rows = std::function<std::optional<Json>()>;

/// The way back to one client. After finish() or fail(), or when the client has gone, everything
/// is ignored.
class Reply {
 public:
  virtual ~Reply() = default;
  virtual void data(const Json& data) = 0;
  virtual void finish(int exit) = 0;
  virtual void fail(int exit, std::string_view error) = 0;
  /// A table of any length, made as fast as the client reads it, and then finish(exit).
  virtual void rows(Rows next, int exit) {
    for (const Rows each = std::move(next); const auto row = each();) data(*row);
    finish(exit);
  }
};

/// A command that goes on after its handler returned. Destroyed when it has finished or when its
/// client is gone; must not touch the reply's client after finish().
class Running {
 public:
  virtual ~Running() = default;
  /// The client wants the end: finish the reply soon.
  virtual void stop() = 0;
};

/// What handlers work on.
struct Machine {
  Stack& stack;
  io::EventLoop& loop;
  std::string name;
  IcmpListener* icmp = nullptr;            ///< brings what ping and traceroute wait for
  io::Impairments* impairments = nullptr;  ///< none: no wire of it can be impaired
  /// Adds to the first row of `snapshot`, which has the interfaces, what the stack cannot know: its
  /// kind, networks, listening ports.
  std::function<void(Json&)> complete_snapshot{};
};

/// Answers at once and returns nullptr, or keeps the reply and returns what goes on.
using Handler = std::unique_ptr<Running> (*)(Machine& machine, const Words& words,
                                             const std::shared_ptr<Reply>& reply);

struct Command {
  std::string_view name;
  std::string_view help;
  Handler handler;
};

}  // namespace control
}  // namespace smolstack
