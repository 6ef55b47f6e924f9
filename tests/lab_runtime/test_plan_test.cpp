#include "smolstack/lab/test_plan.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "smolstack/topology/lab_file.hpp"

namespace smolstack {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto two_machines = R"(
networks: { wire: { subnet: 10.1.1.0/24 } }
nodes:
  client: { networks: { wire: 10.1.1.2 } }
  server: { networks: { wire: 10.1.1.3 } }
)";

class TestPlan : public testing::Test {
 protected:
  TestPlan() {
    std::string pattern = fs::temp_directory_path() / "smol-plan-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    fs::create_directory(directory_ / "test-data");
  }
  ~TestPlan() override { fs::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / "test-data" / name) << text;
  }
  topology::Lab read(const std::string& more = "") {
    auto lab = topology::parse_lab(two_machines + more, directory_ / "lab.yaml");
    EXPECT_TRUE(lab.has_value()) << to_string(lab.error().front());
    return lab ? *lab : topology::Lab{};
  }
  lab::Tests planned(const topology::Lab& of) {
    auto tests = lab::plan_tests(of);
    EXPECT_TRUE(tests.has_value()) << to_string(tests.error().front());
    return tests ? *tests : lab::Tests{};
  }
  std::vector<std::string> complaints() {
    std::vector<std::string> texts;
    if (const auto tests = lab::plan_tests(read()); !tests)
      for (const auto& finding : tests.error()) texts.push_back(to_string(finding));
    return texts;
  }

 private:
  fs::path directory_;
};

std::vector<std::string> names_of(const lab::Tests& tests) {
  std::vector<std::string> names;
  for (const auto& test : tests) names.push_back(test.name);
  return names;
}

TEST_F(TestPlan, HasTheTestsOfTheFile) {
  const auto tests = planned(read("tests: [{ name: there, from: client, ping: 10.1.1.3 }]"));
  EXPECT_THAT(names_of(tests), ElementsAre("there"));
}

TEST_F(TestPlan, IsEmptyForALabWithoutTests) {
  EXPECT_THAT(planned(read()), IsEmpty());
}

TEST_F(TestPlan, HasEverySystemPingEveryAddressAndName) {
  write("systems.txt", "client\nserver\n");
  write("ip-addresses.txt", "10.1.1.2\n10.1.1.3\n");
  write("dns-names.txt", "www.example.com\n");
  EXPECT_THAT(names_of(planned(read())),
              ElementsAre("client to 10.1.1.2", "client to 10.1.1.3", "client to www.example.com",
                          "server to 10.1.1.2", "server to 10.1.1.3", "server to www.example.com"));
}

TEST_F(TestPlan, ExpectsRepliesInTheMatrix) {
  write("systems.txt", "client");
  write("ip-addresses.txt", "10.1.1.3");
  const auto tests = planned(read());
  ASSERT_THAT(tests, SizeIs(1));
  EXPECT_EQ(tests[0].from, "client");
  EXPECT_EQ(tests[0].ping, "10.1.1.3");
  EXPECT_EQ(tests[0].expect, topology::Expectation::reply);
  EXPECT_EQ(tests[0].stage, std::nullopt);
}

TEST_F(TestPlan, PassesOverCommentsBlanksAndCarriageReturns) {
  write("systems.txt", "# who pings\n\n  client \t# the first\r\n");
  write("ip-addresses.txt", "10.1.1.3\r\n");
  EXPECT_THAT(names_of(planned(read())), ElementsAre("client to 10.1.1.3"));
}

TEST_F(TestPlan, ComplainsAboutEveryLineThatCannotBeMeant) {
  write("systems.txt", "client\nrouter\n");
  write("ip-addresses.txt", "10.1.1.999\n");
  write("dns-names.txt", "-f\n");
  EXPECT_THAT(complaints(),
              ElementsAre(HasSubstr("systems.txt:2: error: there is no machine `router`"),
                          HasSubstr("ip-addresses.txt:1: error: `10.1.1.999`"),
                          HasSubstr("dns-names.txt:1: error: `-f`")));
}

TEST_F(TestPlan, ComplainsAboutHalfAMatrix) {
  write("ip-addresses.txt", "10.1.1.3\n");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("systems.txt: error: names no machine")));
  write("systems.txt", "client\n");
  write("ip-addresses.txt", "# none yet\n");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("names nothing to ping")));
}

TEST_F(TestPlan, RefusesFilesWithoutMeasure) {
  write("systems.txt", std::string(lab::plan_limit::file + 1, '\n'));
  EXPECT_THAT(complaints(), testing::Contains(HasSubstr("longer than a megabyte")));
}

TEST_F(TestPlan, RefusesMoreTestsThanAnybodyMeans) {
  std::string many;
  for (std::size_t i = 0; i <= lab::plan_limit::cases; ++i) many += "a.b\n";
  write("systems.txt", "client\n");
  write("dns-names.txt", many);
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("more than 100000 tests")));
}

TEST_F(TestPlan, SaysOnlySomeOfManyMistakes) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "nobody\n";
  write("systems.txt", many);
  EXPECT_THAT(complaints(), SizeIs(lab::plan_limit::findings));
}

TEST_F(TestPlan, TakesTheTestsOfAStageAndThoseOfEveryStage) {
  const auto tests = planned(read(R"(
stages: { init: {}, final: {} }
tests:
  - { name: always, from: client, ping: 10.1.1.3 }
  - { name: first, from: client, ping: 10.1.1.3, stage: init }
  - { name: last, from: client, ping: 10.1.1.3, stage: final }
)"));
  EXPECT_THAT(names_of(lab::tests_for(tests, "final")), ElementsAre("always", "last"));
  EXPECT_THAT(names_of(lab::tests_for(tests, "")), ElementsAre("always"));
}

}  // namespace
}  // namespace smolstack
