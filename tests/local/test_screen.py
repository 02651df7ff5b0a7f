import io

import msgspec
import pytest
from rich.console import Console

from deploy.local.screen import Screen
from deploy.local.status import Close, Feed, Money, Record, Seen, Status, Weight

STATUS = Status(
    pairs=966,
    cycle_seconds=1.26,
    open_trades=12345,
    closed_tp=7,
    closed_sl=3,
    weight={"SPOT": Weight(120, 6000), "FUTURES": Weight(80, 2400)},
    feeds={"SPOT": Feed("2026-01-02T03:05:00Z", 1.5), "FUTURES": Feed("2026-01-02T03:05:01Z", 44.2)},
    recent_closes=[Close("1000SATSUSDT", "FUTURES", "SHORT", "CLOSED_LIQUIDATED", "-1234.5", "2026-01-02T03:04:05Z")],
)
SEEN = Seen(STATUS, Money("101234.567", "paper"), Record("1234.5", "58.33"))


def test_without_a_terminal_each_close_is_a_line_once_and_numbers_come_now_and_then():
    text = io.StringIO()
    screen = Screen(Console(file=text, width=200))
    screen.show("http://127.0.0.1:8000", SEEN)
    screen.show("http://127.0.0.1:8000", SEEN)
    *closes, line, warning = text.getvalue().splitlines()
    assert len(closes) == len(STATUS.recent_closes)
    assert "1000SATSUSDT FUTURES" in closes[-1]
    for part in (
        "mode PAPER",
        "pairs 966",
        "open 12,345",
        "pending -",
        "cycle 1.3 s",
        "futures weight 80/2400",
        "win rate 58.33 %",
    ):
        assert part in line
    assert "futures quotes are 44 s old" in warning


def test_on_a_terminal_a_panel_shows_the_address_and_the_last_closes():
    text = io.StringIO()
    screen = Screen(Console(file=text, width=80, force_terminal=True, color_system=None))
    screen.show("http://127.0.0.1:8000", None)
    screen.show("http://127.0.0.1:8000", SEEN)
    screen.end()
    shown = text.getvalue()
    address, closed = "http://127.0.0.1:8000", "1000SATSUSDT FUTURES  SHORT  CLOSED_LIQUIDATED  -1,234.50  03:04:05"
    for part in (address, closed, "equity 101,234.57", "exchange time 2026-01-02 03:05:01", "Ctrl-C"):
        assert part in shown
    assert "..." not in shown
    assert "…" not in shown, "the panel fits into 80 columns"


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        (SEEN, "\x1b[32mPAPER\x1b[0m"),
        (msgspec.structs.replace(SEEN, live=1), "\x1b[1;31mLIVE\x1b[0m"),
        (msgspec.structs.replace(SEEN, live=2), "\x1b[1;31mLIVE (2 accounts)\x1b[0m"),
        (Seen(STATUS), "mode \x1b[0m-"),
    ],
)
def test_live_is_red_and_paper_green(seen, shown):
    text = io.StringIO()
    screen = Screen(Console(file=text, width=120, force_terminal=True, color_system="standard"))
    screen.show("http://127.0.0.1:8000", seen)
    screen.end()
    assert shown in text.getvalue()
