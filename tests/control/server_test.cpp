#include "smolstack/control/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/machine.hpp"
#include "control/socket_directory.hpp"
#include "smolstack/control/client.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;
using control::Json;
using control::Reply;
using control::Running;
using testing::HasSubstr;

constexpr auto deadline = 5s;

/// How many commands run, of all machines of this program.
int running_now = 0;

/// A command that goes on until it is stopped.
class Endless : public Running {
 public:
  explicit Endless(std::shared_ptr<Reply> reply) : reply_(std::move(reply)) { ++running_now; }
  ~Endless() override { --running_now; }
  void stop() override { reply_->finish(1); }

 private:
  std::shared_ptr<Reply> reply_;
};

std::unique_ptr<Running> endless(control::Machine&, const control::Words&,
                                 const std::shared_ptr<Reply>& reply) {
  reply->data("begun");
  return std::make_unique<Endless>(reply);
}

std::unique_ptr<Running> echo(control::Machine&, const control::Words& words,
                              const std::shared_ptr<Reply>& reply) {
  reply->data(words);
  reply->finish(0);
  return nullptr;
}

/// As many rows as the word says, each of a hundred bytes.
std::unique_ptr<Running> table(control::Machine&, const control::Words& words,
                               const std::shared_ptr<Reply>& reply) {
  reply->rows(
      [left = std::stoi(words.at(0))]() mutable -> std::optional<Json> {
        if (left-- == 0) return {};
        return Json(std::string(100, 'x'));
      },
      0);
  return nullptr;
}

/// Talks without end, whether anybody listens or not.
std::unique_ptr<Running> flood(control::Machine&, const control::Words&,
                               const std::shared_ptr<Reply>& reply) {
  for (int i = 0; i < 100'000; ++i) reply->data("words, words, words");
  return std::make_unique<Endless>(reply);
}

constexpr auto test_commands = std::to_array<control::Command>(
    {{"echo", "", &echo}, {"endless", "", &endless}, {"flood", "", &flood}, {"table", "", &table}});

/// A client that blocks nobody: it reads only while the server's loop runs.
class RawClient {
 public:
  RawClient(test::TestMachine& machine, const std::filesystem::path& path) : machine_(machine) {
    auto socket = control::connect_local(path);
    EXPECT_TRUE(socket.has_value());
    if (socket) socket_ = std::move(*socket);
  }

  void say(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN) return;
      machine_.context.poll();
    }
  }
  /// The next line; "" when the server closed, or said nothing before the deadline.
  std::string hear() {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (input_.find('\n') == std::string::npos && !closed_) {
      if (std::chrono::steady_clock::now() > end) return {};
      machine_.context.run_for(1ms);
      machine_.context.restart();
      receive();
    }
    const auto at = input_.find('\n');
    if (at == std::string::npos) return {};
    const std::string line = input_.substr(0, at);
    input_.erase(0, at + 1);
    return line;
  }
  bool is_cut_off() {
    while (!hear().empty()) {
    }
    return closed_;
  }
  void leave() { socket_.close(); }

 private:
  void receive() {
    std::array<char, 65536> buffer;
    const auto size = ::recv(socket_.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size > 0) input_.append(buffer.data(), static_cast<std::size_t>(size));
    if (size == 0 || (size < 0 && errno != EAGAIN)) closed_ = true;
  }

  test::TestMachine& machine_;
  io::Descriptor socket_;
  std::string input_;
  bool closed_ = false;
};

class ServerTest : public testing::Test {
 protected:
  void serve(const control::ServerLimits& limits = {}) {
    auto listener = control::LocalListener::claim(path_);
    ASSERT_TRUE(listener.has_value()) << listener.error().message();
    server_.emplace(machine_.context, machine_.machine, std::move(*listener), test_commands,
                    limits);
  }
  RawClient connect() { return {machine_, path_}; }

  template <class Condition>
  bool becomes_true(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      machine_.context.run_for(1ms);
      machine_.context.restart();
    }
    return condition();
  }

  test::SocketDirectory directory_;
  std::filesystem::path path_ = directory_ / "router.sock";
  test::TestMachine machine_;
  std::optional<control::Server> server_;
};

TEST_F(ServerTest, AnswersOneRequestAfterTheOther) {
  serve();
  auto client = connect();
  client.say("{\"command\":\"echo\",\"words\":[\"a\",\"b\"]}\n{\"command\":\"echo\"}\n");
  EXPECT_EQ(client.hear(), R"({"data":["a","b"]})");
  EXPECT_EQ(client.hear(), R"({"exit":0})");
  EXPECT_EQ(client.hear(), R"({"data":[]})");
  EXPECT_EQ(client.hear(), R"({"exit":0})");
}

TEST_F(ServerTest, GarbageGetsAnErrorAndTheNextRequestIsServed) {
  serve();
  auto client = connect();
  for (const char* const garbage :
       {"nonsense", "", "[1,2]", "7", "{}", "{\"command\":7}", "{\"command\":\"echo\",\"words\":7}",
        "{\"command\":\"echo\",\"words\":[7]}", "\xff\xfe", "{\"stop\":1}"}) {
    client.say(std::string(garbage) + '\n');
    EXPECT_THAT(client.hear(), HasSubstr("{\"exit\":2,\"error\":")) << garbage;
  }
  client.say("{\"command\":\"fly\"}\n");
  EXPECT_EQ(
      client.hear(),
      R"({"exit":2,"error":"unknown command \"fly\"; known are echo, endless, flood, table"})");
  client.say("{\"command\":\"echo\"}\n");
  EXPECT_EQ(client.hear(), R"({"data":[]})");
}

TEST_F(ServerTest, DeepNestingIsRefusedLikeAnyGarbage) {
  serve();
  auto client = connect();
  client.say(std::string(60'000, '[') + '\n');
  EXPECT_THAT(client.hear(), HasSubstr("error"));
}

TEST_F(ServerTest, ALineThatIsTooLongCutsOff) {
  serve();
  auto client = connect();
  client.say(std::string(70'000, 'x'));
  EXPECT_EQ(client.hear(), R"({"exit":2,"error":"a line has at most 65536 bytes"})");
  EXPECT_TRUE(client.is_cut_off());
  EXPECT_TRUE(becomes_true([&] { return server_->clients() == 0; }));
}

TEST_F(ServerTest, TablesOfAnyLengthArriveWhole) {
  serve();
  auto client = connect();
  client.say("{\"command\":\"table\",\"words\":[\"5000\"]}\n");
  int rows = 0;
  std::string line = client.hear();
  for (; line.starts_with("{\"data\""); line = client.hear()) ++rows;
  EXPECT_EQ(rows, 5000);
  EXPECT_EQ(line, R"({"exit":0})");
}

TEST_F(ServerTest, WhoNeverReadsIsCutOffInTheMiddleOfTalk) {
  serve();
  auto client = connect();
  client.say("{\"command\":\"flood\"}\n");
  EXPECT_TRUE(becomes_true([&] { return server_->clients() == 0; }));
  EXPECT_TRUE(becomes_true([] { return running_now == 0; }));
}

TEST_F(ServerTest, WhoNeverReadsATableIsCutOffForIdling) {
  control::ServerLimits limits;
  limits.idle = 50ms;
  serve(limits);
  auto client = connect();
  client.say("{\"command\":\"table\",\"words\":[\"1000000\"]}\n");
  EXPECT_TRUE(becomes_true([&] { return server_->clients() == 1; }));
  EXPECT_TRUE(becomes_true([&] { return server_->clients() == 0; }));
}

TEST_F(ServerTest, WhoAsksNothingIsCutOffButNotWhileACommandRuns) {
  control::ServerLimits limits;
  limits.idle = 50ms;
  serve(limits);
  auto busy = connect();
  busy.say("{\"command\":\"endless\"}\n");
  EXPECT_EQ(busy.hear(), R"({"data":"begun"})");
  auto idle = connect();
  EXPECT_TRUE(becomes_true([&] { return server_->clients() == 2; }));
  EXPECT_TRUE(idle.is_cut_off());
  EXPECT_EQ(server_->clients(), 1u);
  busy.say("{\"stop\":true}\n");
  EXPECT_EQ(busy.hear(), R"({"exit":1})");
}

TEST_F(ServerTest, TheThirtyThirdClientIsTurnedAway) {
  serve();
  std::vector<RawClient> clients;
  for (int i = 0; i < 32; ++i) clients.push_back(connect());
  ASSERT_TRUE(becomes_true([&] { return server_->clients() == 32; }));
  auto late = connect();
  EXPECT_EQ(late.hear(), R"({"exit":2,"error":"too many clients: at most 32"})");
  EXPECT_TRUE(late.is_cut_off());

  clients.front().leave();
  ASSERT_TRUE(becomes_true([&] { return server_->clients() == 31; }));
  auto next = connect();
  next.say("{\"command\":\"echo\"}\n");
  EXPECT_EQ(next.hear(), R"({"data":[]})");
}

TEST_F(ServerTest, StopEndsACommandAndWhatWaitedIsServed) {
  serve();
  auto client = connect();
  client.say("{\"command\":\"endless\"}\n");
  EXPECT_EQ(client.hear(), R"({"data":"begun"})");
  EXPECT_EQ(running_now, 1);
  client.say("{\"stop\":true}\n{\"stop\":true}\n{\"command\":\"echo\"}\n");
  EXPECT_EQ(client.hear(), R"({"exit":1})");
  EXPECT_EQ(client.hear(), R"({"data":[]})");
  EXPECT_TRUE(becomes_true([] { return running_now == 0; }));
}

TEST_F(ServerTest, ACommandEndsWhenItsClientLeaves) {
  serve();
  auto client = connect();
  client.say("{\"command\":\"endless\"}\n");
  EXPECT_EQ(client.hear(), R"({"data":"begun"})");
  client.leave();
  EXPECT_TRUE(becomes_true([] { return running_now == 0; }));
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ServerTest, CommandsEndWithTheServerAndTheSocketGoes) {
  serve();
  auto client = connect();
  client.say("{\"command\":\"endless\"}\n");
  EXPECT_EQ(client.hear(), R"({"data":"begun"})");
  server_.reset();
  EXPECT_EQ(running_now, 0);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(client.is_cut_off());
}

// --- The client --------------------------------------------------------------------------------

/// Runs the server's loop in a thread of its own while a blocking client talks to it.
class ClientTest : public ServerTest {
 protected:
  void start() {
    serve();
    loop_ = std::thread([this] {
      const auto work = boost::asio::make_work_guard(machine_.context);
      machine_.context.run();
    });
  }
  void TearDown() override {
    if (!loop_.joinable()) return;
    machine_.context.stop();
    loop_.join();
  }
  std::thread loop_;
};

TEST_F(ClientTest, AsksByNameAndGetsRowsAndTheExitCode) {
  start();
  auto client = control::Client::connect("router");
  ASSERT_TRUE(client.has_value()) << client.error().error;
  std::vector<Json> rows;
  const auto outcome = client->run("echo", {"x"}, [&](const Json& row) { rows.push_back(row); });
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(rows, std::vector<Json>{Json::array({"x"})});
  EXPECT_EQ(client->run("fly", {}, [](const Json&) {}).exit, 2);
}

TEST_F(ClientTest, SaysWhichMachinesRun) {
  EXPECT_THAT(control::Client::connect("client").error().error,
              HasSubstr("no machine \"client\" is running; nor is any other"));
  start();
  const auto client = control::Client::connect("client");
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().error, "no machine \"client\" is running; running are: router");
  EXPECT_EQ(client.error().exit, 2);
}

TEST_F(ClientTest, AnInterruptStopsTheCommand) {
  start();
  auto client = control::Client::connect("router");
  ASSERT_TRUE(client.has_value());
  control::Interrupts interrupts;
  int rows = 0;
  const auto outcome = client->run(
      "endless", {},
      [&](const Json&) {
        ++rows;
        ::pthread_kill(::pthread_self(), SIGINT);
      },
      &interrupts);
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_EQ(rows, 1);
}

}  // namespace
}  // namespace smolstack
