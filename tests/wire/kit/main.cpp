// The tests on the wire as a program: in namespaces of its own, and with the judgement turned
// round where the kernel is known to differ.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

#include "device/own_namespaces.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {

std::optional<std::string> WireTest::linux_differs;

void WireTest::TearDown() {
  EXPECT_TRUE(machine().alive()) << "the machine has ended";
  bench_.settle();
  const std::string wrong = machine().stop();
  EXPECT_EQ(wrong, "");
}

namespace {

/// Counts what went otherwise than it must.
class Verdict : public testing::EmptyTestEventListener {
 public:
  static int count;

 private:
  void OnTestStart(const testing::TestInfo&) override { WireTest::linux_differs.reset(); }
  void OnTestEnd(const testing::TestInfo& test) override {
    const bool passed = test.result()->Passed();
    const bool must_fail = testing_kernel() && WireTest::linux_differs;
    if (passed == must_fail) ++count;
    if (!must_fail) return;
    std::printf("%s: %s\n",
                passed ? "Linux passes this test, which says it would not"
                       : "Linux differs, as the test says",
                WireTest::linux_differs->c_str());
  }
};

int Verdict::count = 0;

/// The tests cannot run; they are skipped, or fail where SMOL_REQUIRE_DEVICES=1.
int lacking(const std::string& what) {
  const char* const required = std::getenv("SMOL_REQUIRE_DEVICES");
  if (required != nullptr && std::string(required) == "1") {
    std::printf("FAILED: %s is missing, and SMOL_REQUIRE_DEVICES=1\n", what.c_str());
    return 1;
  }
  std::printf("[  SKIPPED ] %s is missing\n", what.c_str());
  return 0;
}

/// All namespaces share the kernel's neighbour table: a test beside this one may fill it. What
/// Linux does is what it does at one of three attempts; smolstack has one.
int ask_again(char* const* argv) {
  constexpr int attempts = 3;
  const char* const before = std::getenv("SMOL_WIRE_ATTEMPT");
  const int attempt = before == nullptr ? 1 : std::atoi(before);
  if (attempt >= attempts) return Verdict::count;
  std::printf("Linux did not do as the tests say; it is asked again\n");
  std::fflush(stdout);
  ::setenv("SMOL_WIRE_ATTEMPT", std::to_string(attempt + 1).c_str(), 1);
  ::execv("/proc/self/exe", argv);
  return Verdict::count;
}

int run(int argc, char** argv) {
  const std::vector<char*> words(argv, argv + argc + 1);  // GoogleTest takes out what it knows
  testing::InitGoogleMock(&argc, argv);
  if (testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  if (const auto missing = enter_own_namespaces(); !missing.empty()) return lacking(missing);
  stay_on_one_processor();
  testing::UnitTest::GetInstance()->listeners().Append(new Verdict);
  const int result = RUN_ALL_TESTS();
  if (!testing_kernel()) return result;
  return Verdict::count == 0 ? 0 : ask_again(words.data());
}

}  // namespace
}  // namespace smolstack::test

int main(int argc, char** argv) {
  return smolstack::test::run(argc, argv);
}
