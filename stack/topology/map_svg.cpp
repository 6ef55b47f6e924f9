#include <array>
#include <sstream>

#include "smolstack/topology/map.hpp"
#include "smolstack/topology/map_layout.hpp"

namespace smolstack::topology {
namespace {

using namespace map_size;

/// Told apart on white and on black, also by those who see few colours.
constexpr std::array<std::string_view, 6> bar_colors{"#3b82c4", "#d9822b", "#3f9e6a",
                                                     "#b0579a", "#8c7a2f", "#5b6fd6"};

constexpr std::string_view style = R"(<style>
.paper { fill: #ffffff }
text { font: 14px "DejaVu Sans", Verdana, sans-serif; fill: #1f2328; text-anchor: middle }
.heading { text-anchor: start; font-weight: bold }
.prefix, .address { font-family: "DejaVu Sans Mono", Menlo, monospace; text-anchor: start }
.prefix { font-weight: normal }
.address { font-size: 13px }
.small { font-size: 11px; fill: #59636e }
.bar { stroke-width: 6; stroke-linecap: round; stroke-linejoin: round; fill: none }
.wire { stroke: #59636e; stroke-width: 2 }
.dot { fill: #1f2328; stroke: #ffffff; stroke-width: 1 }
.under { stroke: #ffffff; stroke-width: 8 }
.box { fill: #eef1f5; stroke: #59636e; stroke-width: 1.5 }
.router .box { fill: #fff0c2; stroke: #9a6700; stroke-width: 2.5 }
.kernel .box { stroke-dasharray: 6 3 }
.dead .box { fill: #f3d9d9; stroke: #b42318 }
.dead .name { text-decoration: line-through }
.wire.out { stroke: #b42318; stroke-dasharray: 3 4 }
.cross { fill: #b42318; font-weight: bold }
@media (prefers-color-scheme: dark) {
.paper { fill: #15191f } .dot { fill: #1f2328; stroke: #ffffff; stroke-width: 1 }
.under { stroke: #15191f }
.dot { fill: #e6eaef; stroke: #15191f }
text { fill: #e6eaef } .small { fill: #a9b3be }
.wire { stroke: #a9b3be } .box { fill: #262d36; stroke: #a9b3be }
.router .box { fill: #4a3a0d; stroke: #e0b040 }
.dead .box { fill: #4a2020; stroke: #f08078 } .wire.out { stroke: #f08078 } .cross { fill: #f08078 }
}
</style>
)";

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  return safe;
}

class Drawing {
 public:
  Drawing(const Lab& lab, const MapState& state) : lab_(lab), state_(state), map_(lay_out(lab)) {}

  std::string run() {
    for (std::size_t bar = 0; bar < map_.bars.size(); ++bar) draw_bar(bar);
    for (const MapRouter& router : map_.routers) draw_lines(router);
    for (const MapBar& bar : map_.bars)
      for (const MapHost& host : bar.hosts) draw_host(bar, host);
    for (const MapRouter& router : map_.routers) draw_box(*router.machine, router.x, router.y);
    for (const MapHost& host : map_.loose) draw_box(*host.machine, host.x, map_.loose_y);
    return head() + svg_.str() + "</svg>\n";
  }

 private:
  std::string head() const {
    const std::string size = std::to_string(map_.width) + ' ' + std::to_string(map_.height);
    std::ostringstream text;
    text << R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 )" << size << "\" width=\""
         << map_.width << "\" height=\"" << map_.height << "\">\n<title>" << escaped(lab_.name)
         << "</title>\n"
         << style << "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
    return text.str();
  }

  void draw_text(int x, int y, std::string_view kind, std::string_view text) {
    svg_ << "<text class=\"" << kind << "\" x=\"" << x << "\" y=\"" << y << "\">" << escaped(text)
         << "</text>\n";
  }

  void draw_line(int x, int from, int to, std::string_view kind) {
    svg_ << "<path class=\"" << kind << "\" d=\"M" << x << ' ' << from << 'V' << to << "\"/>\n";
  }

  /// A bar with many hosts goes on below, as a line of text does.
  void draw_bar(std::size_t index) {
    const MapBar& bar = map_.bars[index];
    const int y = bar.lines.front();
    svg_ << "<path class=\"bar\" stroke=\"" << bar_colors[index % bar_colors.size()] << "\" d=\"M"
         << bar.right << ' ' << y << 'H' << margin;
    for (std::size_t line = 1; line < bar.lines.size(); ++line)
      svg_ << 'V' << bar.lines[line] << 'H' << bar.wrapped_right << 'H' << margin;
    svg_ << "\"/>\n<text class=\"heading\" x=\"" << margin << "\" y=\"" << y - 11 << "\">"
         << escaped(map_name(bar.network->name));
    if (bar.network->subnet)
      svg_ << " <tspan class=\"prefix\">" << to_string(*bar.network->subnet) << "</tspan>";
    svg_ << "</text>\n";
  }

  void draw_dot(int x, int y) {
    svg_ << "<circle class=\"dot\" cx=\"" << x << "\" cy=\"" << y << "\" r=\"3.5\"/>\n";
  }

  bool is_out(const Machine& machine, const Interface& interface) const {
    return state_.unplugged.contains({machine.name, interface.name});
  }

  /// A piece of a line taken out, and a cross in its place.
  void draw_cut(int x, int y) {
    draw_line(x, y - 12, y + 12, "under");
    draw_line(x, y - 12, y + 12, "wire out");
    draw_text(x, y + 5, "cross", "\u2715");
  }

  /// A wire from a bar towards a box; a cross where the cable is out.
  void draw_wire(const Machine& machine, const Interface& interface, int x, int from, int to) {
    draw_line(x, from, to, "wire");
    if (is_out(machine, interface)) draw_cut(x, (from + to) / 2);
    draw_dot(x, from);
  }

  void draw_host(const MapBar& bar, const MapHost& host) {
    const int y = bar.lines[host.line];
    if (host.machine == nullptr) {
      draw_line(host.x, y, y + drop, "wire");
      draw_dot(host.x, y);
      draw_text(host.x + 6, y + 21, "address", lab_address(*bar.network));
      return draw_box_of("this lab", "its own address", "host", host.x, y + drop + box_height / 2);
    }
    draw_wire(*host.machine, *host.interface, host.x, y, y + drop);
    draw_text(host.x + 6, y + 21, "address", short_address(*host.interface));
    draw_box(*host.machine, host.x, y + drop + box_height / 2);
  }

  static std::string lab_address(const Network& network) {
    Interface interface;
    interface.address = network.host;
    return short_address(interface);
  }

  /// The line of a router lies over the bars that it only passes.
  void draw_lines(const MapRouter& router) {
    const int top = map_.bars[router.top()].lines.front();
    const int bottom = map_.bars[router.bottom()].lines.front();
    for (std::size_t bar = router.top() + 1; bar < router.bottom(); ++bar)
      if (const int y = map_.bars[bar].lines.front(); map_.bars[bar].right >= router.x)
        draw_line(router.x, y - 8, y + 8, "under");
    draw_line(router.x, top, bottom, "wire");
    for (const MapJoint& joint : router.joints) draw_joint(router, joint);
  }

  void draw_joint(const MapRouter& router, const MapJoint& joint) {
    const int y = map_.bars[joint.bar].lines.front();
    const bool below = y < router.y;  // the way to the box
    if (is_out(*router.machine, *joint.interface)) draw_cut(router.x, below ? y + 16 : y - 16);
    draw_dot(router.x, y);
    const int text_y = below ? y + 21 : y - 10;
    draw_text(router.x + 7, text_y, "address", short_address(*joint.interface));
    svg_ << "<text class=\"small\" style=\"text-anchor: end\" x=\"" << router.x - 7 << "\" y=\""
         << text_y << "\">" << joint.interface->name << "</text>\n";
  }

  void draw_box(const Machine& machine, int x, int y) {
    const bool dead = state_.dead.contains(machine.name);
    const bool kernel = machine.stack == StackKind::kernel;
    std::string marks = machine.is_router ? "router" : "";
    if (kernel) marks += marks.empty() ? "kernel" : ", kernel";
    if (dead) marks += marks.empty() ? "not running" : ", dead";
    std::string kind = machine.is_router ? "router" : "host";
    if (kernel) kind += " kernel";
    if (dead) kind += " dead";
    draw_box_of(machine.name, marks, kind, x, y);
  }

  void draw_box_of(const std::string& name, const std::string& marks, const std::string& kind,
                   int x, int y) {
    svg_ << "<g class=\"" << kind << "\"><title>" << escaped(name)
         << "</title><rect class=\"box\" x=\"" << x - map_.box_width / 2 << "\" y=\""
         << y - box_height / 2 << "\" width=\"" << map_.box_width << "\" height=\"" << box_height
         << "\" rx=\"6\"/>\n";
    draw_text(x, marks.empty() ? y + 5 : y - 1, "name", map_name(name));
    if (!marks.empty()) draw_text(x, y + 13, "small", marks);
    svg_ << "</g>\n";
  }

  const Lab& lab_;
  const MapState& state_;
  MapLayout map_;
  std::ostringstream svg_;
};

}  // namespace

std::string short_address(const Interface& interface) {
  if (!interface.address) return "\u2013";
  std::string text = to_string(interface.address->address);
  const int octets = interface.address->length >= 24 ? 1 : interface.address->length >= 16 ? 2 : 3;
  std::size_t at = text.size();
  for (int i = 0; i < octets; ++i) at = text.rfind('.', at - 1);
  return text.substr(at);
}

std::string map_svg(const Lab& lab, const MapState* running) {
  const MapState as_written;
  return Drawing(lab, running != nullptr ? *running : as_written).run();
}

}  // namespace smolstack::topology
