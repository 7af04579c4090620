"""The scaling curve: bars for a terminal, SVG for a page."""

from collections.abc import Sequence

from commonground.compute.planner.model import Prediction

WIDTH = 40
BOX = (480, 300)
MARGIN = 40


def bars(curve: Sequence[Prediction]) -> str:
    """One line a size: samples a second as a bar, efficiency in percent."""
    largest = max(point.throughput for point in curve)
    lines = ["workers   samples/s  efficiency"]
    for point in curve:
        bar = "#" * max(1, round(WIDTH * point.throughput / largest))
        lines.append(f"{point.workers:7}  {point.throughput:10.4g}  {point.efficiency:9.0%}  {bar}")
    return "\n".join(lines)


def svg(curve: Sequence[Prediction]) -> str:
    """Samples a second over workers, beside the straight line of perfect scaling."""
    width, height = BOX
    most = max(point.workers for point in curve)
    single = curve[0].throughput / curve[0].efficiency / curve[0].workers if curve[0].efficiency else 0.0
    top = max([single * most, *(point.throughput for point in curve)])

    def place(workers: float, rate: float) -> str:
        x = MARGIN + workers / most * (width - 2 * MARGIN)
        return f"{x:.1f},{height - MARGIN - rate / top * (height - 2 * MARGIN):.1f}"

    line = " ".join(place(point.workers, point.throughput) for point in curve)
    dots = "".join('<circle r="3" cx="{}" cy="{}"/>'.format(*pair.split(",")) for pair in line.split(" "))
    base = height - MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f"<title>Samples a second by number of workers</title>"
        f'<path d="M{MARGIN},{MARGIN}V{base}H{width - MARGIN}" fill="none" stroke="currentColor"/>'
        f'<polyline points="{place(0, 0)} {place(most, single * most)}" fill="none" stroke="gray" stroke-dasharray="4"/>'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="2"/>{dots}'
        f'<text x="{MARGIN}" y="{MARGIN - 8}">{top:.4g} samples/s</text>'
        f'<text x="{width - MARGIN}" y="{base + 20}" text-anchor="end">{most} workers</text></svg>\n'
    )
