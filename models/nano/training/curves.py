"""Draws columns of a run's log over time as an SVG.

usage: curves.py LOG.csv OUT.svg COLUMN... [--logarithmic]
"""

import argparse
import csv
import math

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 360, 56, 32
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("log")
    p.add_argument("out")
    p.add_argument("columns", nargs="+")
    p.add_argument("--logarithmic", action="store_true")
    a = p.parse_args()
    rows = []
    with open(a.log) as f:
        for row in csv.DictReader(f):
            while rows and int(rows[-1]["step"]) >= int(row["step"]):
                rows.pop()  # repeated after the run was interrupted
            rows.append(row)
    series = {
        c: [(float(r["seconds"]) / 60, float(r[c])) for r in rows if r.get(c) and math.isfinite(float(r[c]))]
        for c in a.columns
    }
    scale = (lambda v: math.log10(max(v, 1e-9))) if a.logarithmic else (lambda v: v)
    points = [q for s in series.values() for q in s]
    if not points:
        raise SystemExit(f"{a.log}: no numbers in {', '.join(a.columns)}")
    end, low, high = max(x for x, _ in points) or 1, min(scale(y) for _, y in points), max(scale(y) for _, y in points)
    span = high - low or 1

    def px(x):
        return LEFT + x / end * (WIDTH - LEFT - 12)

    def py(y):
        return 12 + (high - scale(y)) / span * (HEIGHT - BOTTOM - 12)

    marks = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="white"/>'
    ]
    for i in range(6):
        v, x = low + span * i / 5, end * i / 5
        y = 12 + (high - v) / span * (HEIGHT - BOTTOM - 12)
        label = 10**v if a.logarithmic else v
        marks.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - 12}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label:.3g}</text>'
        )
        marks.append(f'<text x="{px(x):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{x:.3g} min</text>')
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in line)
        marks.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{path}"/>')
        marks.append(f'<text x="{LEFT + 10 + 110 * i}" y="26" fill="{colour}">{name}</text>')
    with open(a.out, "w") as f:
        f.write("\n".join([*marks, "</svg>\n"]))


if __name__ == "__main__":
    main()
