"""What the person at the terminal sees: steps and deaths as lines, the numbers as one calm panel below them."""

import contextlib
import time
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.status import Close, Seen

PLAIN_STATUS_SECONDS = 60.0
QUOTES_OLD_SECONDS = 15.0
CLOSES_SHOWN = 6

Numbers = list[tuple[str, str | Text]]
"""Names and values of one line."""


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

    def show(self, url: str, seen: Seen | None) -> None:
        """Bring the numbers up to date; None: the API does not answer at the moment."""
        if self._console.is_terminal:
            if not self._live.is_started:
                self._live.start()
            self._live.update(_panel(url, seen), refresh=True)
            return
        self._say_new_closes(seen)
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + PLAIN_STATUS_SECONDS
            self.say(" | ".join(f"{name} {value}" for line in _numbers(seen) for name, value in line))
            for warning in _warnings(seen):
                self.say(warning, style="yellow")

    def _say_new_closes(self, seen: Seen | None) -> None:
        closes = list(reversed(seen.system.recent_closes)) if seen else []
        for close in closes:
            if close not in self._said:
                self.say(f"{close.symbol} {close.market_type} {close.direction} {close.status} {close.profit_loss}")
        if closes:
            self._said = closes

    def end(self) -> None:
        """Take the panel away; lines still work."""
        self._live.stop()


def _panel(url: str, seen: Seen | None) -> RenderableType:
    """Fits into 80 columns."""
    parts: list[RenderableType] = [_line(numbers) for numbers in _numbers(seen)]
    parts += [Text(warning, style="yellow") for warning in _warnings(seen)]
    if seen is not None and seen.system.recent_closes:
        parts += [Text(), _closes(seen.system.recent_closes[:CLOSES_SHOWN])]
    parts += [Text(), Text("Ctrl-C stops everything; the next `paperfleet up` goes on where it was", style="dim")]
    return Panel(Group(*parts), title=Text(url, style="bold"), border_style=_border(seen))


def _border(seen: Seen | None) -> str:
    if seen is None:
        return "yellow"
    return "red" if seen.live else "green"


def _line(numbers: Numbers) -> Text:
    cells = [Text.assemble((f"{name} ", "dim"), value) for name, value in numbers]
    return Text("   ").join(cells)


def _numbers(seen: Seen | None) -> list[Numbers]:
    """Lines of names and values; a dash for what is not known."""
    known = seen or Seen()
    system = known.system
    weight: Numbers = [
        (f"{market.lower()} weight", f"{it.used}/{it.limit}") for market, it in sorted(system.weight.items())
    ]
    times = [feed.exchange_time for feed in system.feeds.values()]
    return [
        [
            ("mode", _mode(known)),
            ("equity", _money(known.money.equity)),
            ("profit", _money(known.record.total_profit_loss)),
            ("win rate", "-" if known.record.win_rate is None else f"{known.record.win_rate} %"),
        ],
        [
            ("open", _count(system.open_trades)),
            ("pending", _count(system.pending_trades)),
            ("closed by target", _count(system.closed_tp)),
            ("by stop", _count(system.closed_sl)),
        ],
        [
            ("pairs", _count(system.pairs)),
            ("cycle", _seconds(system.cycle_seconds)),
            ("lag", _seconds(system.lag_seconds)),
            ("exchange time", max(times)[:19].replace("T", " ") if times else "-"),
        ],
        *([weight] if weight else []),
    ]


def _mode(seen: Seen) -> Text:
    if seen.live:
        return Text(f"LIVE ({seen.live} accounts)" if seen.live > 1 else "LIVE", style="bold red")
    return Text("PAPER", style="green") if seen.money.mode == "paper" else Text("-")


def _warnings(seen: Seen | None) -> list[str]:
    """What keeps prices from coming."""
    if seen is None:
        return []
    missing = [] if seen.system.feeds else ["the exchange does not answer; the workers' logs say why"]
    return missing + [
        f"{market.lower()} quotes are {feed.quote_age_seconds:.0f} s old; the workers' logs say why"
        for market, feed in sorted(seen.system.feeds.items())
        if feed.quote_age_seconds is not None and feed.quote_age_seconds > QUOTES_OLD_SECONDS
    ]


def _closes(closes: list[Close]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("last closes", "", "", "profit", "at"):
        table.add_column(name, justify="right" if name == "profit" else "left")
    for close in closes:
        profit = close.profit_loss or ""
        table.add_row(
            f"{close.symbol} {close.market_type}",
            close.direction,
            close.status,
            Text(_money(profit), style="red" if profit.startswith("-") else "green"),
            (close.exit_time or "")[11:19],
        )
    return table


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _money(value: str | None) -> str:
    """USDT to the cent."""
    return f"{Decimal(value):,.2f}" if value else "-"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
