#include "smolstack/lab/find.hpp"

#include <gmock/gmock.h>

#include "control/socket_directory.hpp"
#include "smolstack/control/client.hpp"
#include "smolstack/control/run_directory.hpp"

namespace smolstack {
namespace {

using control::LocalListener;
using testing::ElementsAre;
using testing::HasSubstr;

/// A run directory with machines that listen, and belong to this process.
class Find : public testing::Test {
 protected:
  ~Find() override { ::unsetenv("SMOLSTACK_LAB"); }

  void add(const std::string& lab, const std::string& name) {
    const auto place = directory_.path() / lab;
    std::filesystem::create_directories(place);
    auto listener = LocalListener::claim(place / (name + ".sock"));
    ASSERT_TRUE(listener.has_value()) << listener.error().message();
    listeners_.push_back(std::move(*listener));
  }
  void add_lab(const std::string& lab, const std::vector<std::string>& machines) {
    add(lab, "lab");
    for (const std::string& machine : machines) add(lab, machine);
  }

  /// "LAB/NAME", or what is wrong.
  static std::string found(std::string_view name, std::string_view lab = {}) {
    const auto machine = lab::find_machine(name, lab);
    if (!machine) return machine.error().error;
    EXPECT_EQ(machine->pid, ::getpid());
    return machine->lab + "/" + machine->name;
  }

  test::SocketDirectory directory_;
  std::vector<LocalListener> listeners_;
};

TEST_F(Find, ABareNameIsTheMachineOfTheOnlyLabThatHasIt) {
  add_lab("one", {"client", "server"});
  add_lab("two", {"client"});
  EXPECT_EQ(found("server"), "one/server");
}

TEST_F(Find, ANameOfSeveralLabsIsRefusedUnlessALabIsSaid) {
  add_lab("one", {"client"});
  add_lab("two", {"client"});
  EXPECT_EQ(found("client"),
            "\"client\" is a machine of several labs: one, two; say one/client, or set "
            "SMOLSTACK_LAB");
  EXPECT_EQ(found("two/client"), "two/client");
  EXPECT_EQ(found("client", "two"), "two/client");
  ::setenv("SMOLSTACK_LAB", "two", 1);
  EXPECT_EQ(found("client"), "two/client");
  EXPECT_EQ(found("client", "one"), "one/client");
}

TEST_F(Find, AMachineThatRunsByItselfGoesBeforeThoseOfLabs) {
  add("", "client");
  add_lab("one", {"client"});
  EXPECT_EQ(found("client"), "/client");
  EXPECT_EQ(found("one/client"), "one/client");
}

TEST_F(Find, TheHostIsTheLabItself) {
  add_lab("one", {"client"});
  EXPECT_EQ(found("host"), "one/host");
  add_lab("two", {});
  EXPECT_THAT(found("host"), HasSubstr("several labs are running: one, two"));
  EXPECT_EQ(found("two/host"), "two/host");
}

TEST_F(Find, NobodyIsSaidWithTheNamesThereAre) {
  EXPECT_THAT(found("nobody"), HasSubstr("nor is any other"));
  add_lab("one", {"client"});
  EXPECT_EQ(found("nobody"), "no machine \"nobody\" is running; running are: one/client");
  EXPECT_EQ(found("nobody", "one"), "no machine \"nobody\" is running; running are: one/client");
}

TEST_F(Find, WhatAMachineLeftBehindWhenItEndedIsNotFound) {
  add_lab("one", {"client"});
  add_lab("two", {});
  std::filesystem::rename(directory_ / "one/client.sock", directory_ / "two/client.sock");
  listeners_.clear();
  EXPECT_THAT(found("two/client"), HasSubstr("has ended; `smolstack ps` says why"));
}

TEST_F(Find, ClientsReachMachinesOfLabsByName) {
  add_lab("one", {"client"});
  EXPECT_TRUE(control::Client::connect("client").has_value());
  EXPECT_TRUE(control::Client::connect("one/client").has_value());
  EXPECT_TRUE(control::Client::connect((directory_ / "one/client.sock").native()).has_value());
  EXPECT_FALSE(control::Client::connect("two/client").has_value());
}

TEST_F(Find, ListsKnowLabsAndTheirMachines) {
  add("", "solo");
  add_lab("two", {"b", "a"});
  add_lab("one", {"c"});
  std::vector<std::string> names;
  for (const auto& machine : control::running_machines())
    names.push_back(machine.lab + "/" + machine.name);
  EXPECT_THAT(names, ElementsAre("/solo", "one/c", "two/a", "two/b"));
  EXPECT_THAT(control::running_labs(), ElementsAre("one", "two"));
  EXPECT_EQ(lab::machines_of("two").size(), 2u);
}

TEST_F(Find, TheLabIsTheOnlyOneOrTheOneSaid) {
  EXPECT_THAT(lab::choose_lab().error().error, HasSubstr("no lab is running"));
  add_lab("one", {});
  EXPECT_EQ(lab::choose_lab().value(), "one");
  add_lab("two", {});
  EXPECT_FALSE(lab::choose_lab().has_value());
  EXPECT_EQ(lab::choose_lab("two").value(), "two");
}

}  // namespace
}  // namespace smolstack
