// Files that were written for a container engine.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/topology/check.hpp"
#include "smolstack/topology/script.hpp"
#include "topology/support.hpp"

namespace smolstack::topology {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr const char* compose = R"(version: "3"
name: course
services:
  client:
    build: ./machine
    hostname: client
    cap_add: [NET_ADMIN]
    networks:
      one:
        ipv4_address: 10.1.1.2
    extra_hosts:
      - "server:10.1.2.2"
      - router=10.1.1.3
  server:
    build: { context: machine, dockerfile: Dockerfile }
    cap_add: [NET_ADMIN]
    networks:
      two: { ipv4_address: 10.1.2.2, mac_address: 02:42:0a:01:02:02, aliases: [web] }
    sysctls:
      net.ipv4.ip_forward: 0
  router:
    command: ["sleep", "infinity"]
    networks:
      two: { ipv4_address: 10.1.2.3 }
      one: { ipv4_address: 10.1.1.3 }
networks:
  one:
    driver: bridge
    ipam: { driver: default, config: [{ subnet: 10.1.1.0/24, gateway: 10.1.1.1 }] }
  two:
    ipam:
      config:
        - subnet: 10.1.2.0/24
        - subnet: 2001:db8::/64
)";

class Compose : public testing::Test {
 protected:
  Compose() {
    folder_.write("docker-compose.yml", compose);
    folder_.write("machine/Dockerfile",
                  "FROM debian\nRUN apt-get install -y iproute2\nCOPY hello.txt /srv/\n"
                  "CMD [\"sleep\", \"60\"]\n");
    folder_.write("machine/hello.txt", "hello\n");
    folder_.write("machine/start-up.sh", "case $HOSTNAME in (client) ip route;; esac\n");
  }
  Lab read() const {
    auto lab = read_lab(folder_.path());
    if (!lab) throw std::runtime_error(lines_of(lab.error()));
    return std::move(*lab);
  }
  Folder folder_;
};

TEST_F(Compose, IsALabAsItIs) {
  const Lab lab = read();
  EXPECT_EQ(lab.name, "course");
  EXPECT_EQ(to_string(*lab.find_network("two")->subnet), "10.1.2.0/24");
  ASSERT_THAT(lab.machines, SizeIs(3));
  const Machine& router = *lab.find_machine("router");
  EXPECT_EQ(to_string(*router.find_interface("eth0")->address), "10.1.2.3/24");
  EXPECT_EQ(to_string(*router.find_interface("eth1")->address), "10.1.1.3/24");
  EXPECT_THAT(format_findings(check_addresses(lab), false), IsEmpty());
}

TEST_F(Compose, BothFormsOfListsAreRead) {
  const Lab lab = read();
  const Machine& client = *lab.find_machine("client");
  ASSERT_THAT(client.extra_hosts, SizeIs(2));
  EXPECT_EQ(client.extra_hosts[0].address, "10.1.2.2");
  EXPECT_EQ(client.extra_hosts[1].name, "router");
  EXPECT_FALSE(lab.find_machine("server")->forwards());
}

TEST_F(Compose, WhoJoinsNetworksForwards) {
  const Lab lab = read();
  EXPECT_TRUE(lab.find_machine("router")->forwards());
  EXPECT_FALSE(lab.find_machine("client")->forwards());
}

TEST_F(Compose, TheBuildContextSaysWhatStarts) {
  const Lab lab = read();
  const Machine& client = *lab.find_machine("client");
  EXPECT_EQ(client.start_up, folder_.path() / "machine/start-up.sh");
  EXPECT_THAT(client.command, ElementsAre("sleep", "60"));
  EXPECT_THAT(client.copies,
              ElementsAre(Pair(folder_.path() / "machine/hello.txt", "/srv/hello.txt")));
  EXPECT_THAT(lab.find_machine("router")->command, ElementsAre("sleep", "infinity"));
  EXPECT_THAT(scripted_commands(lab, ""), SizeIs(1));
}

TEST_F(Compose, WhatOnlyAnEngineKnowsIsNamedOnce) {
  std::string warnings = lines_of(read().warnings);
  for (const char* const text :
       {"docker-compose.yml:7: warning: `cap_add` of a machine is for container engines (2 times); "
        "it is ignored\n",
        "`aliases` of an interface is for", "`driver` of a network is for",
        "`gateway` of an address pool is for", "an IPv6 subnet; it is ignored"})
    EXPECT_THAT(warnings, HasSubstr(text));
  EXPECT_THAT(warnings, Not(HasSubstr("version")));
}

TEST_F(Compose, ALabFileGoesFirst) {
  folder_.write("lab.yaml", "name: own\nnodes: { a: }\n");
  EXPECT_EQ(read().name, "own");
}

TEST_F(Compose, AFileMayBeNamedItself) {
  EXPECT_EQ(read_lab(folder_.path() / "docker-compose.yml")->name, "course");
}

TEST(ComposeAddresses, TheNextFreeIsTakenAsAnEngineDoes) {
  const char* const yaml =
      "networks: { n: { ipam: { config: [{ subnet: 10.1.1.0/29 }] } } }\nservices:\n"
      "  a: { networks: [n] }\n  b: { networks: { n: { ipv4_address: 10.1.1.3 } } }\n"
      "  c: { networks: { n: } }\n";
  const Lab lab = lab_of(yaml);
  EXPECT_EQ(to_string(*lab.machines[0].interfaces[0].address), "10.1.1.2/29");
  EXPECT_EQ(to_string(*lab.machines[2].interfaces[0].address), "10.1.1.4/29");
  EXPECT_THAT(warnings_of(yaml),
              ElementsAre("l.yaml:3: warning: a has no address on n; it gets 10.1.1.2; write it "
                          "out to keep it",
                          "l.yaml:5: warning: c has no address on n; it gets 10.1.1.4; write it "
                          "out to keep it"));
}

TEST(ComposeAddresses, AFullNetworkIsAnError) {
  EXPECT_THAT(errors_of("networks: { n: { subnet: 10.1.1.0/30 } }\nservices:\n"
                        "  a: { networks: [n] }\n  b: { networks: [n] }\n"),
              HasSubstr("l.yaml:4: error: `n` has no free address for b; give it a larger subnet"));
}

TEST(ComposeAddresses, ALabFileGivesNone) {
  EXPECT_FALSE(lab_of("networks: { n: { subnet: 10.1.1.0/24 } }\nnodes: { a: { networks: [n] } }\n")
                   .machines[0]
                   .interfaces[0]
                   .address);
}

/// A lab of one machine whose build context is the folder itself.
Machine built(const Folder& folder, const std::string& dockerfile, const std::string& words = "") {
  folder.write("Dockerfile", dockerfile);
  const std::string yaml = "services:\n  a: { build: . " + words + " }\n";
  return lab_of(yaml, folder.path() / "lab.yaml").machines.at(0);
}

TEST(Dockerfiles, WhatIsStarted) {
  const struct {
    const char* dockerfile;
    const char* words;
    std::vector<std::string> command;
  } rows[] = {
      {"FROM x\n", "", {}},
      {"CMD [\"a\", \"b\"]\n", "", {"a", "b"}},
      {"cmd a b\n", "", {"sh", "-c", "a b"}},
      {"CMD a \\\n  # between\n  b\n", "", {"sh", "-c", "a b"}},
      {"ENTRYPOINT [\"e\"]\nCMD [\"c\"]\n", "", {"e", "c"}},
      {"ENTRYPOINT [\"e\"]\nCMD [\"c\"]\n", ", command: [d]", {"e", "d"}},
      {"ENTRYPOINT [\"e\"]\nCMD [\"c\"]\n", ", entrypoint: [f]", {"f"}},
      {"ENTRYPOINT [\"e\"]\n", ", entrypoint: [f], command: [d]", {"f", "d"}},
      {"CMD [\"c\"]\n", ", command: d e", {"sh", "-c", "d e"}},
      {"FROM x\nCMD [\"a\"]\nFROM y\n", "", {}},
      {"CMD [not json\n", "", {"sh", "-c", "[not json"}},
  };
  for (const auto& row : rows) {
    const Folder folder;
    EXPECT_EQ(built(folder, row.dockerfile, row.words).command, row.command) << row.dockerfile;
  }
}

TEST(Dockerfiles, WhatIsCopied) {
  const Folder folder;
  for (const char* const file : {"a.sh", "b.sh", "etc/x.conf"}) folder.write(file, "");
  const auto from = [&](const char* name) { return folder.path() / name; };
  const Machine machine = built(folder,
                                "COPY a.sh /a.sh\nCOPY --chmod=755 [\"b.sh\", \"/bin/\"]\n"
                                "WORKDIR /srv\nCOPY a.sh b.sh .\nADD etc conf\n"
                                "COPY *.sh /all/\nADD https://x/y /y\nCOPY --from=x /z /z\n");
  EXPECT_THAT(machine.copies,
              ElementsAre(Pair(from("a.sh"), "/a.sh"), Pair(from("b.sh"), "/bin/b.sh"),
                          Pair(from("a.sh"), "/srv/a.sh"), Pair(from("b.sh"), "/srv/b.sh"),
                          Pair(from("etc"), "/srv/conf"), Pair(from("a.sh"), "/all/a.sh"),
                          Pair(from("b.sh"), "/all/b.sh")));
}

std::string error_of_build(const Folder& folder, const std::string& dockerfile) {
  folder.write("Dockerfile", dockerfile);
  const auto lab = parse_lab("nodes: { a: { build: . } }\n", folder.path() / "lab.yaml");
  return lab ? "" : lines_of(lab.error());
}

TEST(Dockerfiles, NothingOutsideTheContextIsCopied) {
  const Folder folder;
  folder.write("sub/deep/file", "");
  std::filesystem::create_symlink("/etc/passwd", folder.path() / "link");
  std::filesystem::create_symlink("/etc", folder.path() / "sub/deep/etc");
  EXPECT_THAT(error_of_build(folder, "FROM x\nCOPY link /link\n"),
              HasSubstr("Dockerfile:2: error: `link` leads out of the build context; copy the "
                        "file itself into "));
  EXPECT_THAT(error_of_build(folder, "COPY sub /sub\n"), HasSubstr("`sub` leads out of"));
  EXPECT_THAT(error_of_build(folder, "COPY ../../../../etc/passwd /h\n"),
              testing::AnyOf(HasSubstr("leads out of"), HasSubstr("there is no")));
  EXPECT_THAT(error_of_build(folder, "COPY /etc/passwd /h\n"),
              HasSubstr("there is no `/etc/passwd` in the build context"));
  EXPECT_THAT(error_of_build(folder, "COPY sub\n"),
              HasSubstr("Dockerfile:1: error: COPY: needs a source and a destination"));
}

TEST(Dockerfiles, AFolderWithoutOneIsAWarning) {
  const Folder folder;
  const Lab lab = lab_of("nodes: { a: { build: . } }\n", folder.path() / "lab.yaml");
  EXPECT_THAT(lines_of(lab.warnings),
              HasSubstr("Dockerfile: cannot be read: No such file or directory; nothing is taken"));
}

TEST(StartUp, TheOneOfTheFolderServesAll) {
  const Folder folder;
  folder.write("start-up.sh", "");
  folder.write("own.sh", "");
  folder.write("b/start-up.sh", "");
  const Lab lab = lab_of("nodes: { a: , b: { build: b }, c: { start_up: own.sh, build: b } }\n",
                         folder.path() / "lab.yaml");
  EXPECT_EQ(lab.machines[0].start_up, folder.path() / "start-up.sh");
  EXPECT_EQ(lab.machines[1].start_up, folder.path() / "b/start-up.sh");
  EXPECT_EQ(lab.machines[2].start_up, folder.path() / "own.sh");
}

TEST(StartUp, ACommandThatRunsACopyOfItRunsItOnce) {
  const Folder folder;
  folder.write("start-up.sh", "ip route\n");
  folder.write("Dockerfile", "COPY start-up.sh /start-up.sh\nCMD /start-up.sh && sleep infinity\n");
  const Lab lab = lab_of("nodes: { a: { build: . } }\n", folder.path() / "lab.yaml");
  EXPECT_FALSE(lab.machines[0].start_up);
  EXPECT_THAT(lab.machines[0].command, SizeIs(3));
  EXPECT_THAT(scripted_commands(lab, ""), SizeIs(1));
}

TEST(StartUp, OutOfAVolumeItRunsAlone) {
  const Folder folder;
  folder.write("start-up.sh", "");
  const Lab lab = lab_of("services: { a: { command: /init/start-up.sh && sleep infinity } }\n",
                         folder.path() / "lab.yaml");
  EXPECT_TRUE(lab.machines[0].start_up);
  EXPECT_THAT(lab.machines[0].command, IsEmpty());
  EXPECT_THAT(lines_of(lab.warnings), HasSubstr("runs start-up.sh, which is no copy"));
}

}  // namespace
}  // namespace smolstack::topology
