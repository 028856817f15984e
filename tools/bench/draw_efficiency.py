"""Efficiency against the number of ranks, as an SVG."""

WIDTH, HEIGHT, GAP, HEAD, FOOT = 300, 180, 20, 30, 34  # of a panel: plot, and what is around it
LABELS = 44  # room on the left for percent
ROOM = 104  # and on the right, for the curves' names
TOP = 1.1  # of the vertical axis: a smaller batch can be faster per row
POWERS = range(11)  # of two: the ranks
# Middle tones for viewers that know no media query, and better ones for those that do.
STYLE = """text { font: 11px sans-serif; fill: #777 } .title { font-size: 12px; font-weight: bold }
.frame { fill: none; stroke: #8886 } .grid { stroke: #8883 }
.line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 5 4 }
.c0 { stroke: #2a86d0 } .c1 { stroke: #d07a1e } .c2 { stroke: #2f9e63 }
.t0 { fill: #2a86d0 } .t1 { fill: #d07a1e } .t2 { fill: #2f9e63 }
@media (prefers-color-scheme: light) { text { fill: #333 }
.t0 { fill: #1b6bab } .t1 { fill: #a85f12 } .t2 { fill: #217a4b } }
@media (prefers-color-scheme: dark) { text { fill: #ccc }
.t0 { fill: #6ab4ee } .t1 { fill: #eca258 } .t2 { fill: #63cb94 } }"""


def spread(places, least):
    """The same places, moved apart to `least` at least, in their order; within the plot."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for k in range(1, len(moved)):
        moved[k] = max(moved[k], moved[k - 1] + least)
    if moved and moved[-1] > HEIGHT:
        moved[-1] = HEIGHT
        for k in range(len(moved) - 2, -1, -1):
            moved[k] = min(moved[k], moved[k + 1] - least)
    result = [0.0] * len(places)
    for k, i in enumerate(order):
        result[i] = moved[k]
    return result


def panel(title, curves, left, top):
    """SVG of one plot; curves are (name, color, dashed, [efficiency])."""
    def x_of(power):
        return left + LABELS + power * WIDTH / POWERS[-1]

    def y_of(share):
        return top + HEAD + HEIGHT * (1 - share / TOP)

    parts = [f'<text class="title" x="{left + LABELS}" y="{top + 20}">{title}</text>',
             f'<rect class="frame" x="{left + LABELS}" y="{top + HEAD}" width="{WIDTH}" '
             f'height="{HEIGHT}"/>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = y_of(share)
        parts += [f'<line class="grid" x1="{left + LABELS}" x2="{left + LABELS + WIDTH}" '
                  f'y1="{y:.1f}" y2="{y:.1f}"/>',
                  f'<text text-anchor="end" x="{left + LABELS - 6}" y="{y + 4:.1f}">'
                  f'{100 * share:.0f} %</text>']
    for power in POWERS:
        if power % 2 == 0:
            parts.append(f'<text text-anchor="middle" x="{x_of(power):.1f}" '
                         f'y="{top + HEAD + HEIGHT + 15}">{2**power:,}</text>')
    parts.append(f'<text text-anchor="middle" x="{left + LABELS + WIDTH / 2:.1f}" '
                 f'y="{top + HEAD + HEIGHT + 29}">ranks</text>')
    for _, color, dashed, values in curves:
        points = " ".join(f"{x_of(k):.1f},{y_of(v):.1f}"
                          for k, v in zip(POWERS, values, strict=True))
        parts.append(f'<polyline class="line c{color}{" dashed" if dashed else ""}" '
                     f'points="{points}"/>')
    ends = spread([HEIGHT * (1 - values[-1] / TOP) for _, _, _, values in curves], 12)
    for (name, color, _, _), y in zip(curves, ends, strict=True):
        parts.append(f'<text class="t{color}" x="{left + LABELS + WIDTH + 6}" '
                     f'y="{top + HEAD + y + 4:.1f}">{name}</text>')
    return "\n".join(parts)


def draw(prediction, weak, networks, speeds, kinds):
    """kinds: the all-reduces of full lines, and of dashed ones."""
    width = 2 * (LABELS + WIDTH + ROOM) + 3 * GAP
    row = HEAD + HEIGHT + FOOT
    parts = []
    for i, speed in enumerate(speeds):
        left = GAP + i * (LABELS + WIDTH + ROOM + GAP)
        curves = [(f"{name} {batch}{'' if k == 0 else ', as is'}", color, k == 1,
                   [prediction.weak((name, batch), 2**power, speed, kind)[1] for power in POWERS])
                  for color, (name, batch) in enumerate(weak) for k, kind in enumerate(kinds)]
        parts.append(panel(f"as many rows on each rank, {speed} Gbit/s", curves, left, 0))
        colors = {name: color for color, (name, _) in enumerate(weak)}
        curves = [(f"{name}{'' if k == 0 else ', as is'}", colors[name], k == 1,
                   [prediction.strong(name, 2**power, speed, kind)[1] for power in POWERS])
                  for name in networks for k, kind in enumerate(kinds)]
        parts.append(panel(f"1,024 rows on all ranks, {speed} Gbit/s", curves, left, row))
    foot = (f'<text x="{GAP + LABELS}" y="{2 * row + 14}">Full lines: by the best of three '
            "all-reduces. Dashed: as it is, by what Open MPI 4.1 takes.</text>")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {2 * row + 24}" '
            f'width="{width}">\n<title>Predicted efficiency against the number of ranks</title>\n'
            f"<style>{STYLE}</style>\n" + "\n".join(parts) + f"\n{foot}\n</svg>\n")
