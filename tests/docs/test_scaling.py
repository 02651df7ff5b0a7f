"""What docs/scaling.md builds on is what was measured, and its arithmetic is right."""

import ast
import operator
import re

import pytest
import yaml

from deploy.simulator.instruments import table
from services.domain.market import Market
from services.domain.shards import SYMBOLS_MAX, shards
from tests.docs.blocks import ROOT
from workers.runner import THREADS_MIN

MEASUREMENTS = (ROOT / "docs/performance.md").read_text()
PAGE = (ROOT / "docs/scaling.md").read_text()
MEASURED = {
    "cycle_s": r"^\| 40 ms \| ([\d.]+) s \|",
    "weight_percent": r"^\| 40 ms \|.*\| (\d+) % \|$",
    "live": r"^## Evaluation, ([\d,]+) live trades",
    "search_ms": r"^\| idle search of 966 paths \| ([\d.]+) ms \|",
    "closings": r"^\| closings per second, one process \| ([\d,]+) \|",
    "wal_kb": r"^\| to COMMIT, 2,000 hits \| \d+ us a hit, ([\d.]+) kB WAL \|",
    "account": r"^\| all trades on one account \| ([\d,]+)/s \|",
}
"""Each name's place in docs/performance.md."""
OPERATORS = {ast.Mult: operator.mul, ast.Div: operator.truediv}


def number(text: str) -> float:
    return float(text.replace(",", ""))


FIGURES = {name: number(text) for name, text in re.findall(r"^\| `(\w+)` \| ([\d.,]+) \|", PAGE, re.MULTILINE)}
DERIVED = re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| ([\d.,]+)", PAGE, re.MULTILINE)


def value(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](value(node.left), value(node.right))
    return FIGURES[node.id] if isinstance(node, ast.Name) else float(ast.literal_eval(node))


@pytest.mark.parametrize(("name", "place"), MEASURED.items(), ids=str)
def test_a_figure_is_the_measured_one(name, place):
    measured = re.search(place, MEASUREMENTS, re.MULTILINE)
    assert measured, f"docs/performance.md has no {place}"
    assert FIGURES[name] == number(measured[1])


def test_every_figure_has_a_source():
    assert FIGURES.keys() == MEASURED.keys() | {"pairs", "messages"}
    assert len(DERIVED) > 15


@pytest.mark.parametrize(("what", "arithmetic", "told"), DERIVED, ids=lambda each: each[:40])
def test_the_arithmetic_is_right(what, arithmetic, told):
    assert value(ast.parse(arithmetic, mode="eval").body) == pytest.approx(number(told), rel=0.025), what


def test_a_cycle_has_as_many_messages_as_pages_and_manifests_say():
    followed = {
        market: [
            row.symbol
            for row in table()
            if (row.market, row.status, row.quote) == (market, "TRADING", "USDT")
            and row.contract_type in ("", "PERPETUAL")
        ]
        for market in Market
    }
    cut = {market: shards(market, symbols) for market, symbols in followed.items()}
    assert [(len(followed[market]), len(cut[market])) for market in Market] == [(436, 16), (530, 16)]
    assert all(len(shard.symbols) <= SYMBOLS_MAX for found in cut.values() for shard in found)
    assert sum(map(len, cut.values())) == FIGURES["messages"]
    assert sum(map(len, followed.values())) == FIGURES["pairs"]
    manifests = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/scaling.yaml").read_text()))
    (cycle,) = (each["spec"] for each in manifests if each["metadata"]["name"] == "worker-cycle")
    assert cycle["maxReplicaCount"] * THREADS_MIN == 2 * FIGURES["messages"], "all paths and all evaluations at once"


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (r"page 10,000 of a list takes ([\d.]+) of", r"^\| page 10,000 of it \|.*\| ([\d.]+) \| <= "),
        (r"decided in ([\d.]+) of its", r"^\| search and decide, 2,000 hits \|.*\| ([\d.]+) \| <= "),
    ],
)
def test_what_the_readme_decides_by_is_what_was_measured(told, place):
    readme = " ".join((ROOT / "README.md").read_text().split())
    (claimed,), (measured,) = re.findall(told, readme), re.findall(place, MEASUREMENTS, re.MULTILINE)
    assert claimed == measured
