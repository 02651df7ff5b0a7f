import io

from rich.console import Console

from deploy.local.screen import Screen
from deploy.local.status import Close, Status, Weight

STATUS = Status(
    pairs=966,
    cycle_seconds=1.26,
    open_trades=12345,
    closed_tp=7,
    closed_sl=3,
    weight={"SPOT": Weight(120, 6000), "FUTURES": Weight(80, 2400)},
    recent_closes=[Close("BTCUSDT", "FUTURES", "LONG", "CLOSED_SL", "-12.5", "2026-01-02T03:04:05Z")],
)


def test_without_a_terminal_each_close_is_a_line_once_and_numbers_come_now_and_then():
    text = io.StringIO()
    screen = Screen(Console(file=text, width=200))
    screen.show("http://127.0.0.1:8000", STATUS)
    screen.show("http://127.0.0.1:8000", STATUS)
    *closes, line = text.getvalue().splitlines()
    assert len(closes) == len(STATUS.recent_closes)
    assert "BTCUSDT FUTURES" in closes[-1]
    for part in ("pairs 966", "open 12,345", "pending -", "cycle 1.3 s", "futures weight 80/2400"):
        assert part in line


def test_on_a_terminal_a_panel_shows_the_address_and_the_last_closes():
    text = io.StringIO()
    screen = Screen(Console(file=text, width=120, force_terminal=True, color_system=None))
    screen.show("http://127.0.0.1:8000", None)
    screen.show("http://127.0.0.1:8000", STATUS)
    screen.end()
    for part in ("http://127.0.0.1:8000", "BTCUSDT FUTURES", "CLOSED_SL", "-12.5", "2026-01-02 03:04:05", "Ctrl-C"):
        assert part in text.getvalue()
