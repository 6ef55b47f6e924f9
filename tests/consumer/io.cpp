#include <boost/asio/io_context.hpp>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/node/commands.hpp"

int main() {
  boost::asio::io_context context;
  smolstack::Stack stack;
  smolstack::io::EventLoop loop(context, stack);
  return smolstack::control::commands().empty() ? 1 : 0;
}
