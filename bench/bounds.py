"""The chart of bounds: how much of what it may be each bounded ratio is, one bar each."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment

_BOUND = re.compile(r"(<=|>=) ([0-9.]+)")
_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {{ 60 + 20 * bars | length }}" role="img">
<title>How much of its bound each ratio takes</title>
<style>
text { font: 12px sans-serif; fill: #444 } .grid { stroke: #8888 } .kept { fill: #2a78d6 } .missed { fill: #d97706 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } }
</style>
<text x="10" y="20" font-weight="bold">How much of its bound each ratio takes: the line is the bound</text>
{% for bar in bars %}{% set y = 40 + 20 * loop.index0 -%}
<text x="395" y="{{ y + 12 }}" text-anchor="end">{{ bar.name }}</text>
<rect class="{{ "kept" if bar.used <= 1 else "missed" }}" x="405" y="{{ y + 2 }}" width="{{ bar.width }}" height="13"/>
<text x="{{ 411 + bar.width }}" y="{{ y + 12 }}">{{ bar.ratio }} ({{ bar.bound }})</text>
{% endfor %}<line class="grid" x1="585" x2="585" y1="34" y2="{{ 44 + 20 * bars | length }}"/>
</svg>
"""
_FULL, _LONGEST = 180, 240


def used(row: Mapping[str, Any]) -> float | None:
    """The share of its bound that a row's ratio takes, 1 at the bound; None where the bound is not one of a ratio."""
    found = _BOUND.fullmatch(row["bound"])
    if found is None or not row["ratio"]:
        return None
    ratio, bound = float(row["ratio"]), float(found[2])
    return ratio / bound if found[1] == "<=" else bound / ratio


def draw(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str | None:
    """The SVG of the rows by benchmark; None where no ratio of theirs is bounded."""
    bars = [
        {
            "name": f"{bench}: {row['name']}"[:62],
            "used": share,
            "width": round(min(share * _FULL, _LONGEST)),
            "ratio": f"{row['ratio']:.2g}",
            "bound": row["bound"],
        }
        for bench, measured in rows.items()
        for row in measured
        if (share := used(row)) is not None
    ]
    return Environment(autoescape=True).from_string(_SVG).render(bars=bars) if bars else None
