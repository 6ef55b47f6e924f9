"""A chart of the report as SVG: the same report gives the same bytes. Nothing here touches the system."""
def draw(report):
    return ""
