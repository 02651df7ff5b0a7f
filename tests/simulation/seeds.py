"""One seed, one run: in memory, or on PostgreSQL; what becomes of every wish against the truth of every print."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from tests.evaluation import oracle
from tests.evaluation.desk import Desk
from tests.evaluation.player import Player, outcomes
from tests.evaluation.story import PLACES, SLIPPAGE, Story, Wish
from tests.simulation.memory import MemoryPlayer, Row
from tests.simulation.script import schedule_of, story_of


async def in_memory(seed: int) -> list[str]:
    """What is wrong after the run of `seed`; empty when all is as the prints say."""
    story = story_of(seed)
    player = MemoryPlayer(story, seed, changes_max=1 + seed % 3)
    await player.play(schedule_of(seed))
    found = []
    for number, wish in enumerate(story.wishes):
        found += [f"seed {seed}, wish {number}: {wrong}" for wrong in _wrong(story, wish, player.rows[number + 1])]
    return found


def _wrong(story: Story, wish: Wish, row: Row) -> Iterator[str]:
    trade = row.stored.trade
    truth = truth_of(story, wish, trade.quantity, None if trade.entry is None else trade.entry.price)
    pairs: dict[str, tuple[Any, Any]] = {
        "status": (trade.status, truth.status),
        "told": (row.told, truth.actions),
        "entry": (trade.entry and trade.entry.price, truth.entry_price),
        "exit": (trade.exit and trade.exit.price, truth.exit_price),
        "booked": (row.amounts, truth.amounts),
        "ambiguous": (trade.ambiguous, False),
        "held": (trade.held_from, None),
    }
    for name, (is_, should) in pairs.items():
        if is_ != should:
            yield f"{name} is {is_}, by the prints {should}"


def truth_of(story: Story, wish: Wish, quantity: Decimal, entry: Decimal | None) -> oracle.Truth:
    """What the prints make of a wish."""
    terms = oracle.Terms(
        market=PLACES[wish.place][0].value,
        long=wish.direction == "LONG",
        at=wish.at,
        quantity=quantity,
        leverage=wish.leverage,
        stop=wish.stop,
        target=wish.target,
        model=wish.model.value,
        half_spread=SLIPPAGE.half_spread,
        average_range=SLIPPAGE.average_range,
        limit=wish.limit,
        entry=entry if wish.limit is None else None,
    )
    prints = [(each.time, each.price) for each in story.tapes[wish.place].prints]
    return oracle.judge(terms, prints, [order.command for order in wish.orders], story.end)


async def on_postgres(desk: Desk, seed: int) -> list[str]:
    """The same run on a database: `desk` gets pairs and accounts of its own for it."""
    story = story_of(seed)
    symbols = [f"S{seed}USDT", f"T{seed}USDT"]
    await desk.list_more(*symbols)
    accounts = [await desk.account(f"{seed} {name}") for name in "ab"]
    player = Player(desk, story, [desk.instrument(symbols[symbol], market) for market, symbol in PLACES], accounts)
    player.random = Random(f"player {seed}")
    await player.play(schedule_of(seed))
    wrong = []
    for number, (wish, row) in enumerate(zip(story.wishes, await outcomes(player), strict=True)):
        truth = truth_of(story, wish, row["quantity"], row["entry_price"])
        amounts = {kind: Decimal(amount) for kind, amount in (row["amounts"] or {}).items()}
        pairs = {
            "status": (row["status"], truth.status),
            "told": ([action for action, _ in row["told"]], truth.actions),
            "entry": (row["entry_price"], truth.entry_price),
            "exit": (row["exit_price"], truth.exit_price),
            "booked": (amounts, truth.amounts),
            "ambiguous": (row["ambiguous"], False),
        }
        wrong += [
            f"seed {seed}, wish {number}: {name} is {is_}, by the prints {should}"
            for name, (is_, should) in pairs.items()
            if is_ != should
        ]
    return wrong
