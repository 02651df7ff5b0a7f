"""What the person at the terminal sees: steps and deaths as lines, the numbers as one calm panel below them."""

import contextlib
import time
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.status import Close, Status

PLAIN_STATUS_SECONDS = 60.0
CELLS_PER_ROW = 5


class Screen:
    """Lines always; the panel on a terminal, elsewhere a status line each minute."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._next_line = 0.0
        self._said: list[Close] = []

    def say(self, text: str, style: str = "") -> None:
        """One line, above the panel if there is one."""
        stamp = Text(datetime.now(UTC).strftime("%H:%M:%S "), style="dim")
        with contextlib.suppress(OSError):  # the terminal may be gone; what is said is only for it
            self._console.print(stamp + Text(text, style=style), soft_wrap=True)

    def show(self, url: str, status: Status | None) -> None:
        """Bring the numbers up to date; None: the API does not answer at the moment."""
        if self._console.is_terminal:
            if not self._live.is_started:
                self._live.start()
            self._live.update(_panel(url, status), refresh=True)
            return
        self._say_new_closes(status)
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + PLAIN_STATUS_SECONDS
            self.say(" | ".join(f"{name} {value}" for name, value in _numbers(status)))

    def _say_new_closes(self, status: Status | None) -> None:
        closes = list(reversed(status.recent_closes)) if status else []
        for close in closes:
            if close not in self._said:
                self.say(f"{close.symbol} {close.market_type} {close.direction} {close.status} {close.profit_loss}")
        if closes:
            self._said = closes

    def end(self) -> None:
        """Take the panel away; lines still work."""
        self._live.stop()


def _panel(url: str, status: Status | None) -> RenderableType:
    numbers = Table.grid(padding=(0, 2))
    cells = [Text.assemble((f"{name} ", "dim"), value) for name, value in _numbers(status)]
    for row in range(0, len(cells), CELLS_PER_ROW):
        numbers.add_row(*cells[row : row + CELLS_PER_ROW])
    parts: list[RenderableType] = [numbers]
    if status is not None and status.recent_closes:
        parts += [Text(), _closes(status.recent_closes[:6])]
    parts += [Text(), Text("Ctrl-C stops everything; the next `paperfleet up` goes on where it was", style="dim")]
    return Panel(Group(*parts), title=Text(url, style="bold"), border_style="green" if status else "yellow")


def _numbers(status: Status | None) -> list[tuple[str, str]]:
    """Name and value of each number; a dash for what is not known."""
    known = status or Status()
    rows = [
        ("pairs", _count(known.pairs)),
        ("open", _count(known.open_trades)),
        ("pending", _count(known.pending_trades)),
        ("closed by target", _count(known.closed_tp)),
        ("closed by stop", _count(known.closed_sl)),
        ("cycle", _seconds(known.cycle_seconds)),
        ("lag", _seconds(known.lag_seconds)),
    ]
    return rows + [(f"{market.lower()} weight", f"{it.used}/{it.limit}") for market, it in sorted(known.weight.items())]


def _closes(closes: list[Close]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("last closes", "", "", "profit", "at"):
        table.add_column(name, justify="right" if name == "profit" else "left")
    for close in closes:
        profit = close.profit_loss or ""
        table.add_row(
            f"{close.symbol} {close.market_type}",
            close.direction,
            close.status,
            Text(profit, style="red" if profit.startswith("-") else "green"),
            (close.exit_time or "")[:19].replace("T", " "),
        )
    return table


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
