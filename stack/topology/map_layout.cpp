#include "smolstack/topology/map_layout.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

namespace smolstack::topology {
namespace {

using namespace map_size;

constexpr std::size_t longest_name = 18;
constexpr int letter = 9;             ///< about as wide as one of a name
constexpr int heading_letter = 9;     ///< of a network's name and prefix
constexpr int router_gap = 52;        ///< beside a router's line: room for an address
constexpr int least_pitch = 112;      ///< between two bars: room for a router and two addresses
constexpr double wanted_shape = 1.5;  ///< width to height, as of a screen

class Layouter {
 public:
  Layouter(const Lab& lab, const std::vector<std::size_t>& order, std::size_t hosts_in_line)
      : lab_(lab), order_(order), in_line_(hosts_in_line) {}

  MapLayout run() {
    map_.box_width = box_width();
    make_bars();
    hang_machines();
    place_lines();
    place_hosts();
    place_routers();
    place_loose();
    return std::move(map_);
  }

 private:
  int box_width() const {
    std::size_t longest = 8;
    for (const Machine& machine : lab_.machines)
      longest = std::max(longest, std::min(machine.name.size(), longest_name));
    return static_cast<int>(longest) * letter + 20;
  }
  int host_pitch() const { return map_.box_width + host_gap; }

  void make_bars() {
    for (const std::size_t index : order_) {
      const Network& network = lab_.networks[index];
      bar_of_[network.name] = map_.bars.size();
      MapBar& bar = map_.bars.emplace_back();
      bar.network = &network;
      if (network.host) bar.hosts.emplace_back();
    }
  }

  void hang_machines() {
    for (const Machine& machine : lab_.machines) {
      if (machine.interfaces.empty()) {
        map_.loose.push_back({.machine = &machine});
      } else if (machine.interfaces.size() == 1) {
        const Interface& interface = machine.interfaces.front();
        map_.bars[bar_of_.at(interface.network)].hosts.push_back(
            {.machine = &machine, .interface = &interface});
      } else {
        add_router(machine);
      }
    }
  }

  void add_router(const Machine& machine) {
    MapRouter& router = map_.routers.emplace_back();
    router.machine = &machine;
    for (const Interface& interface : machine.interfaces)
      router.joints.push_back({&interface, bar_of_.at(interface.network)});
    std::ranges::sort(router.joints, {}, &MapJoint::bar);
  }

  void place_lines() {
    int y = margin + heading;
    for (MapBar& bar : map_.bars) {
      const std::size_t wrapped = (bar.hosts.size() + in_line_ - 1) / in_line_;
      for (std::size_t line = 0; line < std::max<std::size_t>(wrapped, 1); ++line) {
        bar.lines.push_back(y);
        y += drop + box_height + 22;
      }
      if (bar.hosts.empty()) y = bar.lines.back();
      y = std::max(y + heading, bar.lines.front() + least_pitch);
    }
    const bool hosts_last = !map_.bars.empty() && !map_.bars.back().hosts.empty();
    if (hosts_last) y = map_.bars.back().lines.back() + drop + box_height;
    map_.height = y + (hosts_last ? margin : 0);
  }

  void place_hosts() {
    for (MapBar& bar : map_.bars) {
      for (std::size_t i = 0; i < bar.hosts.size(); ++i) {
        bar.hosts[i].line = i / in_line_;
        bar.hosts[i].x =
            margin + bar_end + map_.box_width / 2 + static_cast<int>(i % in_line_) * host_pitch();
      }
      const int hosts = static_cast<int>(std::min(bar.hosts.size(), in_line_));
      bar.wrapped_right = margin + bar_end + hosts * host_pitch();
      bar.right = std::max(bar.wrapped_right, margin + heading_width(*bar.network));
      hosts_right_.push_back(bar.right);
      map_.width = std::max(map_.width, bar.right + margin);
    }
  }

  static int heading_width(const Network& network) {
    const std::size_t prefix = network.subnet ? to_string(*network.subnet).size() : 0;
    return static_cast<int>(map_name(network.name).size() + prefix + 2) * heading_letter;
  }

  /// Routers with short ways are placed first, and so stand near the hosts: long lines cross few
  /// bars then.
  void place_routers() {
    std::vector<MapRouter*> routers;
    for (MapRouter& router : map_.routers) routers.push_back(&router);
    std::ranges::stable_sort(routers, {}, [](const MapRouter* r) {
      return std::pair(r->bottom() - r->top(), r->top());
    });
    std::vector<const MapRouter*> placed;
    for (MapRouter* const router : routers) {
      router->x = free_column(*router, placed);
      const std::size_t gap = (router->top() + router->bottom() - 1) / 2;
      router->y = (map_.bars[gap].lines.front() + map_.bars[gap + 1].lines.front()) / 2;
      for (const MapJoint& joint : router->joints) {
        int& right = map_.bars[joint.bar].right;
        right = std::max(right, router->x + bar_end);
      }
      map_.width = std::max(map_.width, router->x + map_.box_width / 2 + router_gap);
      placed.push_back(router);
    }
  }

  /// The first column behind the hosts of all bars on its way in which it meets no other router.
  int free_column(const MapRouter& router, const std::vector<const MapRouter*>& placed) const {
    const int pitch = map_.box_width + router_gap;
    const int first = margin + bar_end + map_.box_width / 2;
    int hosts_right = 0;
    for (std::size_t bar = router.top(); bar <= router.bottom(); ++bar)
      hosts_right = std::max(hosts_right, hosts_right_[bar]);
    std::set<int> taken;
    for (const MapRouter* const other : placed)
      if (router.top() <= other->bottom() && other->top() <= router.bottom())
        taken.insert(other->x);
    int x = first;
    while (x - map_.box_width / 2 < hosts_right + host_gap || taken.contains(x)) x += pitch;
    return x;
  }

  void place_loose() {
    if (map_.loose.empty()) return;
    map_.loose_y = map_.height + box_height / 2;
    int x = margin + bar_end + map_.box_width / 2;
    for (MapHost& host : map_.loose) {
      host.x = x;
      x += host_pitch();
    }
    map_.width = std::max(map_.width, x);
    map_.height += box_height + margin;
  }

  const Lab& lab_;
  const std::vector<std::size_t>& order_;
  std::size_t in_line_;
  std::map<std::string_view, std::size_t> bar_of_;
  std::vector<int> hosts_right_;  ///< of each bar, without what routers add
  MapLayout map_;
};

/// How far a picture is from the wanted shape.
double strain(const MapLayout& map) {
  return std::abs(std::log(static_cast<double>(map.width) / map.height / wanted_shape));
}

}  // namespace

std::string map_name(const std::string& name) {
  return name.size() <= longest_name ? name : name.substr(0, longest_name - 2) + "..";
}

MapLayout lay_out(const Lab& lab) {
  const std::vector<std::size_t> order = order_bars(lab);
  MapLayout best = Layouter(lab, order, 3).run();
  for (std::size_t hosts_in_line = 4; hosts_in_line <= 16; ++hosts_in_line) {
    MapLayout map = Layouter(lab, order, hosts_in_line).run();
    if (strain(map) < strain(best)) best = std::move(map);
  }
  return best;
}

}  // namespace smolstack::topology
