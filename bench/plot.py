"""`python -m bench.plot JSON FOLDER`: pictures of what `python -m bench ... --json JSON` measured, as small SVG files.

Each chart takes rows by the begin of their name and draws their points; a chart whose rows are not there is left out.
One of bars shows how much of its bound each ratio takes (bench/bounds.py).
Colours follow the reader's light or dark scheme.
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment

from bench import bounds

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50


class Chart(msgspec.Struct, frozen=True):
    """A chart of `bench`'s rows: a line for each label, which takes the rows that begin with its text."""

    file: str
    bench: str
    title: str
    across: str
    up: str
    lines: dict[str, str]
    is_logarithmic: bool = False


CHARTS = (
    Chart(
        "growth-closing.svg",
        "growth",
        "What a closing costs, by live trades",
        "live trades",
        "us a closing",
        {"closing 1 %": "closing 1 %", "closing 20 %": "closing 20 %"},
        is_logarithmic=True,
    ),
    Chart(
        "growth-idle.svg",
        "growth",
        "A pass over 966 pairs that triggers nothing, by live trades",
        "live trades",
        "ms",
        {"nothing hit": "a pass that triggers nothing"},
        is_logarithmic=True,
    ),
    Chart(
        "latency.svg",
        "latency",
        "From a price crossing to a client: share of closings told within so many seconds",
        "seconds",
        "%",
        {
            "spot": "spot, older",
            "futures": "futures, older",
            "spot, fresh": "spot, touched",
            "futures, fresh": "futures, touched",
        },
    ),
    Chart("workers.svg", "workers", "A cycle at 200 ms of latency", "workers", "seconds", {"cycle": ""}),
)

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" role="img">
<title>{{ chart.title }}</title>
<style>
text { font: 12px sans-serif; fill: #444 } .grid { stroke: #8884; fill: none } path { fill: none; stroke-width: 2 }
.c0 { stroke: #2a78d6 } .c1 { stroke: #d97706 } .c2 { stroke: #16a34a } .c3 { stroke: #a855f7 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } }
</style>
<text x="{{ left }}" y="20" font-weight="bold">{{ chart.title }}</text>
{% for y, label in ups %}<line class="grid" x1="{{ left }}" x2="{{ width - right }}" y1="{{ y }}" y2="{{ y }}"/>
<text x="{{ left - 8 }}" y="{{ y + 4 }}" text-anchor="end">{{ label }}</text>
{% endfor %}{% for x, label in acrosses -%}
<text x="{{ x }}" y="{{ height - 28 }}" text-anchor="middle">{{ label }}</text>
{% endfor -%}
<text x="{{ (left + width - right) / 2 }}" y="{{ height - 8 }}" text-anchor="middle">{{ chart.across }}</text>
<text x="4" y="{{ top - 6 }}">{{ chart.up }}</text>
{% for line in lines %}<path class="c{{ loop.index0 }}" d="{{ line.path }}"/>
<line class="c{{ loop.index0 }}" stroke-width="2" x1="{{ width - right + 10 }}" x2="{{ width - right + 26 }}"
 y1="{{ top + 18 * loop.index0 }}" y2="{{ top + 18 * loop.index0 }}"/>
<text x="{{ width - right + 32 }}" y="{{ top + 4 + 18 * loop.index0 }}">{{ line.label }}</text>
{% endfor %}</svg>
"""


def draw(chart: Chart, rows: Sequence[dict[str, Any]]) -> str | None:
    """The chart's SVG; None where `rows` have none of its points."""
    lines = {}
    for label, begin in chart.lines.items():
        points: dict[float, float] = {}
        for row in rows:
            if row["name"].startswith(begin):
                points |= {float(across): up for across, up in row["points"].items()}
        if points:
            lines[label] = sorted(points.items())
    if not lines:
        return None
    everything = [point for points in lines.values() for point in points]
    scale = math.log10 if chart.is_logarithmic else float
    first, last = scale(min(x for x, _ in everything)), scale(max(x for x, _ in everything))
    step, top = _steps(max(y for _, y in everything))

    def across(value: float) -> float:
        return round(LEFT + (scale(value) - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT), 1)

    def up(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)

    return (
        Environment(autoescape=True)
        .from_string(_SVG)
        .render(
            chart=chart,
            width=WIDTH,
            height=HEIGHT,
            left=LEFT,
            right=RIGHT,
            top=TOP,
            ups=[(up(n * step), f"{n * step:,.10g}") for n in range(round(top / step) + 1)],
            acrosses=[(across(x), f"{x:,.10g}") for x in _ticks(chart, [x for x, _ in everything])],
            lines=[
                {"label": label, "path": "M" + " L".join(f"{across(x)} {up(y)}" for x, y in points)}
                for label, points in lines.items()
            ],
        )
    )


def _steps(largest: float) -> tuple[float, float]:
    """A round step of which at most six reach over `largest`, and where the last one lies."""
    power = 10 ** math.floor(math.log10(largest or 1))
    step = next(size * power for size in (0.2, 0.5, 1, 2) if 6 * size * power >= largest)
    return step, step * math.ceil(largest / step - 1e-9)


def _ticks(chart: Chart, values: Sequence[float]) -> list[float]:
    distinct = sorted(set(values))
    if chart.is_logarithmic or len(distinct) <= 6:
        return distinct
    step, top = _steps(distinct[-1])
    return [n * step for n in range(round(top / step) + 1) if distinct[0] <= n * step <= distinct[-1]]


def main(source: Path, folder: Path) -> None:
    """Draw every chart that `source` has rows for."""
    measured = json.loads(source.read_text())
    rows = {each["command"].rpartition(" ")[2]: each["rows"] for each in measured.values()}
    for chart in CHARTS:
        if picture := draw(chart, rows.get(chart.bench, [])):
            (folder / chart.file).write_text(picture)
    if picture := bounds.draw(rows):
        (folder / "bounds.svg").write_text(picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
