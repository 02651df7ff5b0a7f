"""One seed, one run: in memory, or on PostgreSQL; what becomes of every wish against the truth of every print."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from services.domain.trade import Fill
from tests.evaluation import oracle
from tests.evaluation.desk import Desk
from tests.evaluation.player import Player, outcomes
from tests.evaluation.story import PLACES, Story, Wish
from tests.evaluation.truth import terms_of, truth_of
from tests.simulation.memory import MemoryPlayer, Row
from tests.simulation.script import schedule_of, story_of


async def in_memory(seed: int) -> list[str]:
    """What is wrong after the run of `seed`; empty when all is as the prints say."""
    story = story_of(seed)
    player = MemoryPlayer(story, seed, changes_max=1 + seed % 3)
    await player.play(schedule_of(seed))
    found = []
    for number, wish in enumerate(story.wishes):
        is_ = _of_memory(player.rows[number + 1])
        found += [f"seed {seed}, wish {number}: {wrong}" for wrong in _wrong(story, wish, is_)]
    return found


async def on_postgres(desk: Desk, seed: int) -> list[str]:
    """The same run on a database: `desk` gets pairs and accounts of its own for it."""
    story = story_of(seed)
    symbols = [f"S{seed}USDT", f"T{seed}USDT"]
    await desk.list_more(*symbols)
    accounts = [await desk.account(f"{seed} {name}") for name in "ab"]
    player = Player(desk, story, [desk.instrument(symbols[symbol], market) for market, symbol in PLACES], accounts)
    player.random = Random(f"player {seed}")
    await player.play(schedule_of(seed))
    found = []
    for number, (wish, row) in enumerate(zip(story.wishes, await outcomes(player), strict=True)):
        found += [f"seed {seed}, wish {number}: {wrong}" for wrong in _wrong(story, wish, _of_database(row))]
    return found


def _of_memory(row: Row) -> dict[str, Any]:
    trade = row.stored.trade
    return {
        "status": trade.status,
        "quantity": trade.quantity,
        "told": row.told,
        "entry": _filled(trade.entry),
        "exit": _filled(trade.exit),
        "booked": row.amounts,
        "ambiguous": trade.ambiguous,
        "held": trade.held_from,
    }


def _of_database(row: Mapping[str, Any]) -> dict[str, Any]:
    fills = {}
    for name in ("entry", "exit"):
        price, at, evidence = (row[f"{name}_{what}"] for what in ("price", "time", "evidence"))
        fills[name] = None if price is None else (price, at, evidence["decided_by"])
    return {
        "status": row["status"],
        "quantity": row["quantity"],
        "told": [action for action, _ in row["told"]],
        **fills,
        "booked": {kind: Decimal(amount) for kind, amount in (row["amounts"] or {}).items()},
        "ambiguous": row["ambiguous"],
    }


def _filled(fill: Fill | None) -> tuple[Decimal, datetime, str] | None:
    """Price, time, and what decided it."""
    return None if fill is None else (fill.price, fill.time, fill.evidence.decided_by)


def _wrong(story: Story, wish: Wish, found: dict[str, Any]) -> Iterator[str]:
    truth = truth_of(story, wish)
    expected = {
        "status": truth.status,
        "quantity": terms_of(wish).quantity,
        "told": truth.actions,
        "entry": _told(truth.entry_price, truth.entry_time, found["entry"]),
        "exit": _told(truth.exit_price, truth.exit_time, found["exit"]),
        "booked": truth.amounts,
        "ambiguous": False,
        "held": None,
    }
    for name, is_ in found.items():
        if is_ != expected[name]:
            yield f"{name} is {is_}, by the prints {expected[name]}"


def _told(price: Decimal | None, at: datetime | None, found: tuple[Decimal, datetime, str] | None) -> Any:
    """The fill as it may be told, by what decided the one that was found."""
    if at is None:
        return None
    if found is not None and found[1] in oracle.told_times(at, found[2]):
        at = found[1]
    return price, at, found and found[2]
