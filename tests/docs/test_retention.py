"""docs/operations.md tells how long everything is kept, as the code has it, and leaves nothing out."""

import re
from datetime import timedelta

from services.db import candles, retention
from tests.docs.blocks import ROOT

FIGURES = (
    ("EVENTS_KEPT",),
    ("BARS_KEPT",),
    ("EQUITY_KEPT",),
    ("CYCLES_KEPT",),
    ("SCANS_KEPT",),
    ("FINER_GAPS_KEPT",),
    ("IDEMPOTENCY_KEPT",),
    ("SIGNALS_KEPT",),
    ("DELIVERIES_KEPT", "DEAD_DELIVERIES_KEPT"),
    ("SESSIONS_KEPT",),
    ("AUDIT_KEPT",),
)
"""In the order of the page."""


def _days(name: str) -> list[int]:
    kept = getattr(retention, name)
    return [age.days for age in (kept.values() if isinstance(kept, dict) else [kept])]


def test_the_page_tells_how_long_everything_is_kept():
    section = (ROOT / "docs/operations.md").read_text().split("\n## Kept how long\n")[1].split("\n## ")[0]
    told = [
        list(map(int, cells.split(", "))) for cells in re.findall(r"^\| [^|]+ \| ([\d, ]+) \|$", section, re.MULTILINE)
    ]
    assert told == [[day for name in names for day in _days(name)] for names in FIGURES]
    assert {name for names in FIGURES for name in names} == {name for name in vars(retention) if name.endswith("_KEPT")}
    known = [age for name, age in vars(retention).items() if name.endswith("_KEPT") and isinstance(age, timedelta)]
    assert {id(age) for _, age in retention._OLD_ROWS} <= set(map(id, known)), "each has a name"
    assert f"the last {candles.KEPT} candles" in section
