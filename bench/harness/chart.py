"""The report as an SVG chart: the same report gives the same bytes. Nothing here touches the system.

Each panel is one measure, each bar the median of one rival, its label the figure and the ratio to its yardstick;
the fine line through a bar's end goes from the least to the greatest round."""

from xml.sax.saxutils import escape

from .table import MEASURES, MEMORY, spell_ratio

WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 760, 170, 170, 16, 6, 30
SHOWN = ("udp_pps", "udp_cpu_us", "tcp1_bps", "tcp4_bps", "flood_rtt_us")
MORE_IS_BETTER = ("udp_pps", "tcp1_bps", "tcp4_bps")
MEMORY_SHOWN = ("forward/64/64/", "lookup/random/1000000", "checksum/1500")
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; } .small { font-size: 11px; fill: #57606a; } .name { text-anchor: end; }
  .bar { fill: #8c959f; } .ours { fill: #0969da; } .spread { stroke: #24292f; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .small { fill: #9da7b3; }
    .bar { fill: #6e7681; } .ours { fill: #4493f8; } .spread { stroke: #e6edf3; }
  }
"""


def is_ours(name):
    return name == "ours" or name.startswith("smolstack")


def bar(y, name, figures, measure, longest):
    """One rival: its name, its bar, its spread, and what they say."""
    scale = (WIDTH - LEFT - RIGHT) / longest
    width, low, high = (figures[key] * scale for key in ("median", "min", "max"))
    middle = y + BAR / 2
    kind = "ours" if is_ours(name) else "bar"
    label = f"{measure.spell(figures['median'])}  ({spell_ratio(figures.get('ratio'))})"
    yield f'<text class="name" x="{LEFT - 8}" y="{y + 13}">{escape(name)}</text>'
    yield f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
    yield (f'<line class="spread" x1="{LEFT + low:.1f}" x2="{LEFT + high:.1f}" y1="{middle:g}" '
           f'y2="{middle:g}"/>')
    yield f'<text x="{LEFT + max(width, high) + 8:.1f}" y="{y + 13}">{label}</text>'


def panel(y, title, rivals, measure):
    """Returns the lines of one panel and where the next one begins."""
    lines = [f'<text class="title" x="12" y="{y + 18}">{escape(title)}</text>']
    longest = max(figures["max"] for figures in rivals.values()) or 1
    y += HEAD
    for name, figures in rivals.items():
        lines += bar(y, name, figures, measure, longest)
        y += BAR + GAP
    return lines, y + GAP


def panels(report):
    """What is drawn: (title, rivals, measure), as far as it was measured."""
    measures = report.get("throughput", {}).get("measures", {})
    for measure in MEASURES:
        if measure.key in SHOWN and measures.get(measure.key):
            better = "more" if measure.key in MORE_IS_BETTER else "less"
            yield f"{measure.title.strip()}, {measure.unit}: {better} is better", measures[measure.key], measure
    for group, rivals in report.get("memory", {}).items():
        if group.startswith(MEMORY_SHOWN):
            yield f"in memory, {group}, ns: less is better", rivals, MEMORY


def draw(report):
    """The whole picture."""
    lines, y = [], 8
    for title, rivals, measure in panels(report):
        drawn, y = panel(y, title, rivals, measure)
        lines += drawn
    lines.append(f'<text class="small" x="12" y="{y + 12}">Medians; in brackets the ratio to the copier of its '
                 "kind, in memory to ours; the line goes from the least round to the greatest.</text>")
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 22}" width="{WIDTH}" '
            f'height="{y + 22}" role="img" aria-label="smolstack beside its rivals">')
    return "\n".join([head, f"<style>{STYLE}</style>", *lines, "</svg>"]) + "\n"
