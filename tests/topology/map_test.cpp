#include "smolstack/topology/map.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/topology/map_layout.hpp"
#include "topology/support.hpp"

namespace smolstack::topology {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr const char* smol_internet =
    "networks: { one: { subnet: 10.1.1.0/24 }, two: { subnet: 10.1.2.0/24 } }\n"
    "nodes:\n"
    "  client: { networks: { one: 10.1.1.2 } }\n"
    "  server: { stack: kernel, networks: { two: 10.1.2.2 } }\n"
    "  router: { kind: router, networks: { two: 10.1.2.3, one: 10.1.1.3 } }\n";

/// A chain of networks n0, n1 ... with a router between each two and `hosts` on the first.
std::string chain(int networks, int hosts) {
  std::string yaml = "networks:\n";
  const auto address = [](int network, int host) {
    return "10." + std::to_string(network) + ".0." + std::to_string(host);
  };
  for (int i = 0; i < networks; ++i)
    yaml += "  n" + std::to_string(i) + ": { subnet: " + address(i, 0) + "/24 }\n";
  yaml += "nodes:\n";
  for (int i = 0; i + 1 < networks; ++i)
    yaml += "  r" + std::to_string(i) + ": { kind: router, networks: { n" + std::to_string(i) +
            ": " + address(i, 1) + ", n" + std::to_string(i + 1) + ": " + address(i + 1, 2) +
            " } }\n";
  for (int i = 0; i < hosts; ++i)
    yaml += "  h" + std::to_string(i) + ": { networks: { n0: " + address(0, i + 10) + " } }\n";
  return yaml;
}

TEST(MapLayout, ARouterStandsBetweenItsBars) {
  const Lab lab = lab_of(smol_internet);
  const MapLayout map = lay_out(lab);
  ASSERT_THAT(map.bars, SizeIs(2));
  ASSERT_THAT(map.routers, SizeIs(1));
  const MapRouter& router = map.routers[0];
  EXPECT_LT(map.bars[0].lines[0], router.y);
  EXPECT_LT(router.y, map.bars[1].lines[0]);
  for (const MapBar& bar : map.bars) EXPECT_GT(bar.right, router.x);
  EXPECT_EQ(router.joints[0].interface->name, "eth1");
}

TEST(MapLayout, NetworksThatShareARouterLieTogether) {
  const Lab lab = lab_of(
      "networks: { a: , b: , c: , d: }\n"
      "nodes: { r: { networks: [a, c] }, s: { networks: [b, d] } }\n");
  EXPECT_THAT(order_bars(lab), ElementsAre(0, 2, 1, 3));
}

TEST(MapLayout, WithoutRoutersTheFilesOrderStays) {
  const Lab lab = lab_of("networks: { c: , a: , b: }\nnodes: { m: }\n");
  EXPECT_THAT(order_bars(lab), ElementsAre(0, 1, 2));
}

TEST(MapLayout, ManyHostsAreWrapped) {
  const Lab lab = lab_of(chain(2, 45));
  const MapLayout map = lay_out(lab);
  EXPECT_GT(map.bars[0].lines.size(), 3u);
  EXPECT_LT(map.width, 2 * map.height);
  EXPECT_LT(map.height, 2 * map.width);
}

/// No two boxes, and no router's line and a host's box, touch.
void expect_apart(const MapLayout& map) {
  struct Box {
    int left, top, right, bottom;
  };
  std::vector<Box> boxes;
  const int half = map.box_width / 2;
  const auto add = [&](int x, int y) {
    boxes.push_back(
        {x - half, y - map_size::box_height / 2, x + half, y + map_size::box_height / 2});
  };
  for (const MapBar& bar : map.bars)
    for (const MapHost& host : bar.hosts)
      add(host.x, bar.lines[host.line] + map_size::drop + map_size::box_height / 2);
  for (const MapHost& host : map.loose) add(host.x, map.loose_y);
  const std::size_t hosts = boxes.size();
  for (const MapRouter& router : map.routers) add(router.x, router.y);
  for (const MapRouter& router : map.routers)
    boxes.push_back(
        {router.x, map.bars[router.top()].lines[0], router.x, map.bars[router.bottom()].lines[0]});
  const auto apart = [](const Box& a, const Box& b) {
    return a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
  };
  const std::size_t with_lines = boxes.size(), without = with_lines - map.routers.size();
  for (std::size_t i = 0; i < without; ++i)
    for (std::size_t j = i + 1; j < (i < hosts ? with_lines : without); ++j)
      ASSERT_TRUE(apart(boxes[i], boxes[j])) << i << ' ' << j;
  for (const Box& box : boxes) {
    EXPECT_GE(box.left, 0);
    EXPECT_LE(box.right, map.width);
    EXPECT_LE(box.bottom, map.height);
  }
}

TEST(MapLayout, NothingLiesOnAnother) {
  for (const auto& yaml : {std::string(smol_internet), chain(7, 6), chain(10, 37), chain(2, 0),
                           std::string("nodes: { a: , b: , c: }\n")}) {
    const Lab lab = lab_of(yaml);
    expect_apart(lay_out(lab));
  }
}

TEST(MapLayout, RoutersThatMeetHaveColumnsOfTheirOwn) {
  const Lab lab = lab_of(
      "networks: { a: , b: , c: }\n"
      "nodes: { r: { networks: [a, b] }, s: { networks: [a, c] }, t: { networks: [b, c] } }\n");
  const MapLayout map = lay_out(lab);
  ASSERT_THAT(map.routers, SizeIs(3));
  EXPECT_NE(map.routers[0].x, map.routers[1].x);
  EXPECT_NE(map.routers[1].x, map.routers[2].x);
  EXPECT_NE(map.routers[0].x, map.routers[2].x);
}

TEST(MapLayout, ALargeLabIsDrawnAllTheSame) {
  std::string yaml = "networks: { a: , b: }\nnodes:\n";
  for (int i = 0; i < 1000; ++i) yaml += "  r" + std::to_string(i) + ": { networks: [a, b] }\n";
  const Lab lab = lab_of(yaml);
  EXPECT_THAT(lay_out(lab).routers, SizeIs(1000));
}

TEST(MapSvg, TellsWhatThereIs) {
  const std::string svg = map_svg(lab_of(smol_internet));
  for (const char* const text :
       {"<svg xmlns=", ">one <tspan class=\"prefix\">10.1.1.0/24</tspan>", ">client</text>",
        ">.3</text>", ">eth1</text>", ">router</text>", "class=\"host kernel\"", "</svg>\n"})
    EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_THAT(svg, Not(HasSubstr("not running")));
}

TEST(MapSvg, IsTheSameEveryTime) {
  EXPECT_EQ(map_svg(lab_of(chain(10, 36))), map_svg(lab_of(chain(10, 36))));
}

TEST(MapSvg, MarksWhatDoesNotWork) {
  const MapState state{{"client"}, {{"router", "eth1"}}};
  const std::string svg = map_svg(lab_of(smol_internet), &state);
  EXPECT_THAT(svg, HasSubstr("class=\"host dead\""));
  EXPECT_THAT(svg, HasSubstr(">not running</text>"));
  EXPECT_THAT(svg, HasSubstr("class=\"cross\""));
}

TEST(MapSvg, NamesAreNoMarkup) {
  Lab lab = lab_of(smol_internet);
  lab.name = lab.machines[0].name = "<a href=\"x\">&\x01";
  const std::string svg = map_svg(lab);
  EXPECT_THAT(svg, Not(HasSubstr("<a")));
  EXPECT_THAT(svg, HasSubstr("&lt;a href=&quot;x&quot;&gt;&amp; "));
}

TEST(MapSvg, AnEmptyLabIsAPictureToo) {
  EXPECT_THAT(map_svg(Lab{}), HasSubstr("</svg>"));
}

TEST(MapText, AParagraphForEachNetwork) {
  EXPECT_EQ(map_text(lab_of(smol_internet)),
            "one  10.1.1.0/24\n"
            "  .2           client\n"
            "  .3           router  (router, eth1; also on two)\n"
            "\n"
            "two  10.1.2.0/24\n"
            "  .2           server  (kernel)\n"
            "  .3           router  (router, eth0; also on one)\n");
}

TEST(MapText, MarksWhatDoesNotWork) {
  const MapState state{{"client"}, {{"server", "eth0"}}};
  const std::string text = map_text(lab_of(smol_internet), &state);
  EXPECT_THAT(text, HasSubstr("client  (not running)\n"));
  EXPECT_THAT(text, HasSubstr("server  (kernel, eth0 out)\n"));
}

TEST(ShortAddress, AsMuchAsTheNetworkLeavesOpen) {
  Interface interface;
  EXPECT_EQ(short_address(interface), "\u2013");
  const auto of = [&](const char* text) {
    interface.address = parse_ipv4_subnet(text);
    return short_address(interface);
  };
  EXPECT_EQ(of("10.1.4.20/24"), ".20");
  EXPECT_EQ(of("10.1.4.20/30"), ".20");
  EXPECT_EQ(of("10.1.4.20/23"), ".4.20");
  EXPECT_EQ(of("10.1.4.20/16"), ".4.20");
  EXPECT_EQ(of("10.1.4.20/8"), ".1.4.20");
}

}  // namespace
}  // namespace smolstack::topology
