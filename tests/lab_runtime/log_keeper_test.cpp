#include "smolstack/lab/log_keeper.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

namespace smolstack {
namespace {

namespace fs = std::filesystem;
using lab::LogBounds;
using testing::EndsWith;
using testing::StartsWith;

constexpr std::string_view notice = "smolstack: what was written before has been cut off\n";
constexpr LogBounds small{.most = 100, .kept = 40};

class Log : public testing::Test {
 protected:
  Log() {
    std::string pattern = testing::TempDir() + "log_keeper_XXXXXX";
    directory = ::mkdtemp(pattern.data());
    path = directory / "server.log";
  }
  ~Log() override { fs::remove_all(directory); }

  void append(const std::string& text, int times = 1) const {
    std::ofstream file(path, std::ios::app);
    for (int i = 0; i < times; ++i) file << text;
  }
  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path directory;
  fs::path path;
};

TEST_F(Log, ThatIsShortStaysAsItIs) {
  append("0123456789", 10);
  EXPECT_FALSE(lab::cut_log(path, small));
  EXPECT_EQ(fs::file_size(path), 100u);
}

TEST_F(Log, ThatIsLongKeepsItsLastWholeLines) {
  append("nine byte\n", 10);
  append("the last\n");
  EXPECT_TRUE(lab::cut_log(path, small));
  EXPECT_EQ(content(), std::string(notice) + "nine byte\nnine byte\nnine byte\nthe last\n");
}

TEST_F(Log, OfOneLongLineKeepsTheEndOfIt) {
  append("0123456789", 20);
  EXPECT_TRUE(lab::cut_log(path, small));
  EXPECT_EQ(content(), std::string(notice) + "0123456789012345678901234567890123456789");
}

TEST_F(Log, ThatWasCutGoesOnBehindItsEnd) {
  std::ofstream writer(path, std::ios::app);
  for (int i = 0; i < 20; ++i) writer << "nine byte\n";
  writer.flush();
  ASSERT_TRUE(lab::cut_log(path, small));
  writer << "later\n" << std::flush;
  EXPECT_THAT(content(), EndsWith("nine byte\nlater\n"));
  EXPECT_THAT(content(), StartsWith(notice));
}

TEST_F(Log, OfNobodyIsNoError) {
  EXPECT_FALSE(lab::cut_log(path, small));
}

TEST_F(Log, ThatIsALinkIsNotFollowed) {
  append("0123456789", 20);
  fs::create_symlink(path, directory / "link.log");
  EXPECT_FALSE(lab::cut_log(directory / "link.log", small));
  EXPECT_EQ(fs::file_size(path), 200u);
}

TEST_F(Log, IsCutWhileItGrows) {
  boost::asio::io_context context;
  const lab::LogKeeper keeper(context, directory, small);
  append("nine byte\n", 50);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (fs::file_size(path) == 500 && std::chrono::steady_clock::now() < end)
    context.run_one_until(end);
  EXPECT_THAT(content(), StartsWith(notice));
}

}  // namespace
}  // namespace smolstack
