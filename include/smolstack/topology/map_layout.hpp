#pragma once
// Where the things of a map are. Inside the room only; lengths are in pixels.

#include <cstddef>
#include <vector>

#include "smolstack/topology/lab.hpp"

namespace smolstack::topology {

namespace map_size {
inline constexpr int margin = 28;
inline constexpr int box_height = 40;
inline constexpr int drop = 34;      ///< from a bar to the box of a host: room for an address
inline constexpr int host_gap = 16;  ///< between the boxes of hosts
inline constexpr int bar_end = 16;   ///< what a bar has beyond the last that hangs off it
inline constexpr int heading = 30;   ///< above a bar: room for its name
}  // namespace map_size

/// A machine on one network, hanging off its bar.
struct MapHost {
  const Machine* machine = nullptr;  ///< null: the lab itself, by the network's `host`
  const Interface* interface = nullptr;
  int x = 0;
  std::size_t line = 0;  ///< of the bar: a bar with many hosts is wrapped like text
};

struct MapBar {
  const Network* network = nullptr;
  std::vector<int> lines;  ///< their heights
  int right = 0;           ///< end of the first line, which reaches to the routers
  int wrapped_right = 0;   ///< end of the others
  std::vector<MapHost> hosts;
};

/// Where a router's line meets a bar.
struct MapJoint {
  const Interface* interface = nullptr;
  std::size_t bar = 0;
};

/// A machine on several networks: a line past the bars, with its box between two of them.
struct MapRouter {
  const Machine* machine = nullptr;
  std::vector<MapJoint> joints;  ///< from the top down
  int x = 0;
  int y = 0;  ///< the middle of its box

  std::size_t top() const { return joints.front().bar; }
  std::size_t bottom() const { return joints.back().bar; }
};

struct MapLayout {
  std::vector<MapBar> bars;  ///< from the top down
  std::vector<MapRouter> routers;
  std::vector<MapHost> loose;  ///< machines on no network, in a row at the bottom
  int loose_y = 0;             ///< the middle of their boxes
  int box_width = 0;
  int width = 0;
  int height = 0;
};

/// An order of the networks, as indices, in which routers have short ways between their bars.
std::vector<std::size_t> order_bars(const Lab& lab);
MapLayout lay_out(const Lab& lab);

/// A name as a map shows it: at most 18 letters.
std::string map_name(const std::string& name);

}  // namespace smolstack::topology
