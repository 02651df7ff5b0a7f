"""A plan over recorded minutes, by brute force: every route through a bar that matters is tried.

Reads the dump files itself. Where routes disagree, the worst outcome stands and is ambiguous.
"""

import csv
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

from tests.oracle.futures import is_allowed
from tests.oracle.money import FRACTION, Grid, average_ranges, down, fee, net_profit, slippage, up, worse

NO_GRID = Grid()
FOLDERS = {"SPOT": "spot", "FUTURES": "futures/um"}
WAYPOINTS_MAX = 3
_RANK = ("CLOSED_SL", "PENDING", "OPEN", "CLOSED_TP")

Row = tuple[int, Decimal, Decimal, Decimal, Decimal]
"""Open time in epoch ms; open, high, low, close."""


class State(NamedTuple):
    """Where a plan stands; times are epoch ms."""

    status: str
    entry_time: int | None = None
    exit_time: int | None = None
    exit_reference: Decimal | None = None
    ambiguous: bool = False


class Levels(NamedTuple):
    """The prices that matter; `entry_touch` and `target_touch` are where resting limits count as traded."""

    sign: int
    entry_touch: Decimal
    stop: Decimal
    target_touch: Decimal


class Minutes(NamedTuple):
    """An instrument's minutes; `ranges[n]` is the average range over the first n of them."""

    rows: list[Row]
    ranges: list[Decimal]


def minutes(folder: Path, market: str, symbol: str) -> Minutes:
    """All recorded minutes of the instrument, ascending, from zips or plain files, in ms or us."""
    found = {}
    for file in sorted((folder / FOLDERS[market]).glob(f"*/klines/{symbol}/1m/*")):
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                text = archive.read(archive.namelist()[0]).decode()
        else:
            text = file.read_text()
        for time, *prices in csv.reader(io.StringIO(text)):
            if time.isdigit():
                ms = int(time) if int(time) < 10**15 else int(time) // 1000
                found[ms] = (ms, *map(Decimal, prices[:4]))
    rows = [found[time] for time in sorted(found)]
    return Minutes(rows, average_ranges(rows))


def outcome(plan: dict, recorded: Minutes, model: str, grid: Grid = NO_GRID) -> dict | None:
    """What a replay must write for `plan`, but for its evidence; None for a plan that is wrong in itself."""
    market, sign, leverage = plan["market_type"], 1 if plan["direction"] == "LONG" else -1, plan["leverage"]
    away, towards = (down, up) if sign > 0 else (up, down)
    limit = None if plan["entry_price"] is None else away(Decimal(plan["entry_price"]), grid.tick)
    stop = away(Decimal(plan["stop_loss"]), grid.tick)
    target = towards(Decimal(plan["take_profit"]), grid.tick)
    if limit is not None and not sign * stop < sign * limit < sign * target:
        return None
    opened = datetime.fromisoformat(plan["opened_at"]).timestamp() * 1000
    rows = recorded.rows
    first = sum(row[0] < opened for row in rows)
    if first == len(rows):
        return _line(plan, State("PENDING"))
    start, open_ = rows[first][:2]
    share = slippage(model, (grid.tick / 2 / open_).quantize(FRACTION), recorded.ranges[first])
    if limit is None or sign * open_ <= sign * limit:
        role, entry = "taker", worse(open_, share if limit is None else Decimal(0), grid.tick, selling=sign < 0)
        state = State("OPEN", entry_time=start)
        if not sign * stop < sign * entry < sign * target:
            return _line(plan, State("REJECTED"))
    else:
        role, entry, state = "maker", limit, State("PENDING")
    quantity = down(Decimal(plan["position_size"]) * leverage / entry, grid.step)
    if quantity <= 0 or quantity < grid.min_quantity or quantity * entry < grid.min_notional:
        return _line(plan, State("REJECTED"))
    if market == "FUTURES" and not is_allowed(plan["symbol"], sign, entry, quantity, leverage, stop):
        return _line(plan, State("REJECTED"))
    through = sign * grid.tick if model == "harsh" else 0
    levels = Levels(sign, entry - through, stop, target + through)
    for row in rows[first:]:
        state = _minute(levels, state, row)
        if state.exit_time is not None:
            break
    line = _line(plan, state, quantity)
    if state.entry_time is None:
        return line
    line["entry_price"] = entry
    line["fees"] = entry_fee = fee(market, role, entry, quantity)
    if state.exit_time is None:
        return line
    if state.status == "CLOSED_SL":
        exit_role, exit_ = "taker", worse(state.exit_reference, share, grid.tick, selling=sign > 0)
    else:
        exit_role, exit_ = "maker", target
    exit_fee = fee(market, exit_role, exit_, quantity)
    line |= {"exit_price": exit_, "fees": entry_fee + exit_fee}
    line["profit_loss"] = net_profit(sign, entry, exit_, quantity, leverage, (entry_fee, exit_fee))
    return line


def _line(plan: dict, state: State, quantity: Decimal | None = None) -> dict:
    times = {
        name: None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
        for name, ms in (("entry_time", state.entry_time), ("exit_time", state.exit_time))
    }
    empty = dict.fromkeys(("entry_price", "exit_price", "fees", "profit_loss"))
    return {
        "id": plan["id"],
        "status": state.status,
        "quantity": quantity,
        "ambiguous": state.ambiguous,
        **times,
        **empty,
    }


def _minute(levels: Levels, state: State, row: Row) -> State:
    time, open_, high, low, close = row
    sign = levels.sign
    worst, best = (low, high) if sign > 0 else (high, low)
    if state.status == "PENDING":
        quiet = sign * worst > sign * levels.entry_touch
    else:
        quiet = sign * worst > sign * levels.stop and sign * best < sign * levels.target_touch
    if quiet:
        return state
    inside = {level for level in levels[1:] if low < level < high} | {low, high}
    ends = {
        _route(levels, state, (open_, *route, close), time)
        for count in range(1, WAYPOINTS_MAX + 1)
        for route in product(sorted(inside), repeat=count)
        if low in route and high in route
    }
    chosen = min(ends, key=lambda end: _RANK.index(end.status))
    return chosen._replace(ambiguous=state.ambiguous or len(ends) > 1)


def _route(levels: Levels, state: State, route: tuple[Decimal, ...], time: int) -> State:
    """One way through the bar; between two waypoints the price passes all that lies between."""
    state = _touch(levels, state, route[0], time, at_open=True)
    for start, end in pairwise(route):
        passed = [level for level in levels[1:] if min(start, end) < level < max(start, end)]
        for price in (*sorted(passed, reverse=end < start), end):
            state = _touch(levels, state, price, time + 59_999, at_open=False)
    return state


def _touch(levels: Levels, state: State, price: Decimal, time: int, *, at_open: bool) -> State:
    sign = levels.sign
    if state.status == "PENDING" and sign * price <= sign * levels.entry_touch:
        state = state._replace(status="OPEN", entry_time=time)
    if state.status != "OPEN":
        return state
    if sign * price <= sign * levels.stop:
        reference = price if at_open else levels.stop
        return state._replace(status="CLOSED_SL", exit_time=time, exit_reference=reference)
    if sign * price >= sign * levels.target_touch:
        return state._replace(status="CLOSED_TP", exit_time=time)
    return state
