#pragma once
// Labs to look into: written as their files are, and broken by the commands that break them.

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "smolstack/inspect/lab_snapshot.hpp"
#include "smolstack/inspect/revive.hpp"
#include "smolstack/topology/lab_file.hpp"

namespace smolstack::test {

using inspect::LabSnapshot;

inline topology::Lab read(const std::string& yaml) {
  const auto lab = topology::parse_lab(yaml, "/nowhere/lab.yaml");
  if (!lab.has_value())
    for (const auto& finding : lab.error()) ADD_FAILURE() << topology::to_string(finding);
  return lab.value();
}

inline LabSnapshot lab_of(const std::string& yaml, std::string_view stage = "") {
  return inspect::snapshot_of(read(yaml), stage);
}

/// Carries out a command on a machine; it must work.
inline void run(LabSnapshot& lab, std::string_view node, std::string_view command) {
  const auto outcome = inspect::apply(lab, node, command);
  EXPECT_EQ(outcome.exit, 0) << node << ": " << command << ": " << outcome.error;
}

/// client -- router -- server, every route there.
inline LabSnapshot smol_internet(std::string_view stage = "final") {
  static const std::string yaml = R"(
name: smol-internet
networks:
  ten-one-net: { subnet: 10.1.1.0/24 }
  ten-two-net: { subnet: 10.1.2.0/24 }
nodes:
  client: { networks: { ten-one-net: 10.1.1.2 } }
  server: { networks: { ten-two-net: 10.1.2.2 } }
  router: { kind: router, networks: { ten-two-net: 10.1.2.3, ten-one-net: 10.1.1.3 } }
stages:
  init: {}
  half: { exec: { server: ["ip route add 10.1.1.0/24 via 10.1.2.3"] } }
  final:
    exec:
      client: ["ip route add 10.1.2.0/24 via 10.1.1.3"]
      server: ["ip route add 10.1.1.0/24 via 10.1.2.3"]
)";
  return lab_of(yaml, stage);
}

/// a - r1 - r2 - b, and r3 as another way between r1 and r2.
inline LabSnapshot triangle() {
  static const std::string yaml = R"(
name: triangle
networks:
  west: { subnet: 10.1.0.0/24 }
  east: { subnet: 10.2.0.0/24 }
  r1r2: { subnet: 10.0.12.0/24 }
  r1r3: { subnet: 10.0.13.0/24 }
  r2r3: { subnet: 10.0.23.0/24 }
nodes:
  a: { networks: { west: 10.1.0.2 } }
  b: { networks: { east: 10.2.0.2 } }
  r1: { kind: router, networks: { west: 10.1.0.1, r1r2: 10.0.12.1, r1r3: 10.0.13.1 } }
  r2: { kind: router, networks: { east: 10.2.0.1, r1r2: 10.0.12.2, r2r3: 10.0.23.2 } }
  r3: { kind: router, networks: { r1r3: 10.0.13.3, r2r3: 10.0.23.3 } }
stages:
  final:
    exec:
      a: ["ip route add default via 10.1.0.1"]
      b: ["ip route add default via 10.2.0.1"]
      r1: ["ip route add 10.2.0.0/24 via 10.0.12.2"]
      r2: ["ip route add 10.1.0.0/24 via 10.0.12.1"]
      r3: ["ip route add 10.1.0.0/24 via 10.0.13.1", "ip route add 10.2.0.0/24 via 10.0.23.2"]
)";
  return lab_of(yaml, "final");
}

}  // namespace smolstack::test
