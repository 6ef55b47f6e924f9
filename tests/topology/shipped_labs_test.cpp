// The labs that come with the project: right to the last line, whatever their stages break.

#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/topology/check.hpp"
#include "topology/support.hpp"

namespace smolstack::topology {
namespace {

using testing::IsEmpty;

class ShippedLab : public testing::TestWithParam<const char*> {
 protected:
  static std::filesystem::path folder() {
    return std::filesystem::path(SMOL_SOURCE_DIR) / "labs" / GetParam();
  }
  static Lab lab() {
    auto lab = read_lab(folder());
    if (!lab) throw std::runtime_error(lines_of(lab.error()));
    return std::move(*lab);
  }
};

TEST_P(ShippedLab, ReadsWithoutAWord) {
  EXPECT_EQ(lab().name, GetParam());
  EXPECT_THAT(lines_of(lab().warnings), IsEmpty());
}

TEST_P(ShippedLab, HasNoWrongAddressOrGateway) {
  EXPECT_THAT(format_findings(check_addresses(lab()), false), IsEmpty());
}

TEST_P(ShippedLab, TestsEveryStage) {
  const Lab read = lab();
  std::set<std::string> tested;
  for (const auto& test : read.tests) tested.insert(test.stage.value_or(""));
  for (const Stage& stage : read.stages) EXPECT_TRUE(tested.contains(stage.name)) << stage.name;
}

TEST_P(ShippedLab, HasAPage) {
  EXPECT_TRUE(std::filesystem::is_regular_file(folder() / "README.md"));
}

INSTANTIATE_TEST_SUITE_P(Labs, ShippedLab,
                         testing::Values("first-network", "smol-internet", "chonk", "ring"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace smolstack::topology
