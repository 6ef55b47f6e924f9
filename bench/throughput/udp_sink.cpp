// Receives what udp_blaster sends and says how many came and with which TTL. It polls and never
// sleeps: to wake a sleeping receiver is work that the kernel does in the router's write(2).

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <netinet/in.h>
#include <sys/socket.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "smolstack/base/big_endian.hpp"
#include "tap.hpp"

namespace smolstack::throughput {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t batch = 64;

struct Options {
  std::uint16_t port = 9;
  double seconds = 1;
  std::uint64_t count = UINT64_MAX;
};

io::Descriptor open_socket(std::uint16_t port) {
  io::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) fail("opening a UDP socket");
  const int on = 1;
  const int room = 8 << 20;
  if (::setsockopt(socket.number(), IPPROTO_IP, IP_RECVTTL, &on, sizeof on) < 0)
    fail("asking for the TTL");
  // What the kernel does not grant is a matter of datagrams lost here, which are not counted.
  (void)::setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = swap_if_little(port);
  const void* const bytes = &address;
  if (::bind(socket.number(), static_cast<const sockaddr*>(bytes), sizeof address) < 0)
    fail("binding to port " + std::to_string(port));
  return socket;
}

class Sink {
 public:
  explicit Sink(const Options& options) : options_(options), socket_(open_socket(options.port)) {
    for (std::size_t i = 0; i < batch; ++i) {
      parts_[i] = {payload_.data(), payload_.size()};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  void run() {
    std::printf("ready\n");
    std::fflush(stdout);
    const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
    while (received_ < options_.count && Clock::now() < end) receive();
  }

  void report() const {
    std::printf("{\"received\": %llu, \"ttl\": %d}\n", static_cast<unsigned long long>(received_),
                ttl_);
  }

 private:
  void receive() {
    for (std::size_t i = 0; i < batch; ++i) {
      messages_[i].msg_hdr.msg_control = controls_[i].data();
      messages_[i].msg_hdr.msg_controllen = controls_[i].size();
    }
    const int got = ::recvmmsg(socket_.number(), messages_.data(), batch, MSG_DONTWAIT, nullptr);
    if (got < 0 && errno != EAGAIN && errno != EINTR) fail("receiving");
    if (got <= 0) return;
    received_ += static_cast<std::uint64_t>(got);
    note_ttl(messages_[0].msg_hdr);
  }

  void note_ttl(const msghdr& message) {
    const cmsghdr* const control = CMSG_FIRSTHDR(&message);
    if (control == nullptr || control->cmsg_type != IP_TTL) return;
    const void* const value = CMSG_DATA(control);
    ttl_ = *static_cast<const int*>(value);
  }

  const Options& options_;
  io::Descriptor socket_;
  std::array<char, 2048> payload_{};
  std::array<iovec, batch> parts_{};
  alignas(cmsghdr) std::array<std::array<char, CMSG_SPACE(sizeof(int))>, batch> controls_{};
  std::array<mmsghdr, batch> messages_{};
  std::uint64_t received_ = 0;
  int ttl_ = 0;
};

int run(int argc, char** argv) {
  CLI::App app("Counts the UDP datagrams that arrive at a port, for a bounded time or number");
  Options options;
  app.add_option("--port", options.port, "the port");
  app.add_option("--seconds", options.seconds, "how long")->check(CLI::Range(0.0, 60.0));
  app.add_option("--count", options.count, "ends with so many datagrams");
  CLI11_PARSE(app, argc, argv);
  Sink sink(options);
  sink.run();
  sink.report();
  return 0;
}

}  // namespace
}  // namespace smolstack::throughput

int main(int argc, char** argv) {
  return smolstack::throughput::run_program("udp_sink", smolstack::throughput::run, argc, argv);
}
