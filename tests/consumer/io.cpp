#include <boost/asio/io_context.hpp>

#include "smolstack/control/command.hpp"
#include "smolstack/io/event_loop.hpp"

int main() {
  boost::asio::io_context context;
  smolstack::Stack stack;
  smolstack::io::EventLoop loop(context, stack);
  return smolstack::control::commands().empty() ? 1 : 0;
}
