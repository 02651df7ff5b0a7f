"""Close, cancel or edit a live trade: judged first, then acted on.

A command at exchange time t counts from t. So the trade's path is brought to t before anything else; whatever the
path did on the way stands, and the command is refused with that state. Where the path cannot be had in time, or
does not decide, the command is accepted as pending and the walk applies it at t.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.coordination import doorbell
from services.db import clock, closings, commands, settlement, trade_notes, trades, watermarks
from services.db.pool import Connection
from services.db.settlement import StateMoved
from services.db.trades import Stored
from services.domain.changes import Change
from services.domain.command import Command, CommandKind, applies, apply
from services.domain.errors import InvalidInput
from services.domain.market import Quote
from services.domain.money import floor_to
from services.domain.opening import check_legs, check_stop_holds
from services.domain.plan import NO_RULES, Target
from services.domain.planning import check_order, check_targets, on_grid
from services.domain.trade import Trade, TradeStatus
from services.domain.view import TradeView, trade_view
from services.usecases.act_at_once import bring_to_now, is_open_question
from services.usecases.context import Services
from services.usecases.note_trade import check_notes
from services.usecases.once import Keyed
from services.usecases.quotes import fresh_quote
from services.usecases.read_trade import check_version, conflict, find_trade

GUARD_SHARE = Decimal("0.01")
"""A caller's own idea of the price may differ from the market by this share."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants of a live trade. `expected_price` guards a CLOSE, `version` guards against a lost race.

    `notes` are written with an EDIT, in place of the trade's note.
    """

    kind: CommandKind
    stop_loss: Decimal | None = None
    targets: tuple[Target, ...] | None = None
    fraction: Decimal | None = None
    expected_price: Decimal | None = None
    version: int | None = None
    notes: str | None = None


class Commanded(msgspec.Struct, frozen=True):
    """The trade after the command; `pending` when the walk has still to apply it."""

    trade: TradeView
    pending: bool


async def command_trade(
    services: Services, account_ids: Sequence[int], trade_id: int, wish: Wish, key: str | None = None
) -> Commanded:
    """Carry out `wish` on a trade of one of the accounts, exactly once for a given `key`.

    Raises NotFound, InvalidInput (an edit out of order), or Conflict with the state the trade is in.
    """
    if wish.notes is not None:
        check_notes(wish.notes)
    keyed = Keyed(f"command_trade:{trade_id}", key, wish)
    stored = await find_trade(services, account_ids, trade_id)
    if key is not None:  # looked up after the trade: whoever sees what the key has done sees its answer too
        async with services.pool.connection() as connection:
            if (answered := await keyed.answered(connection)) is not None:
                return _decode(answered)
    _check_state(stored, wish)
    command = await _command(services, stored.trade, wish)
    path = await bring_to_now(services.as_system(), stored.trade.instrument)
    async with services.pool.connection() as connection:
        if (answered := await keyed.claim(connection)) is not None:
            return _decode(answered)
        mark = (await watermarks.lock(connection, [stored.trade.instrument.id]))[stored.trade.instrument.id]
        stored = await _noted(connection, (await trades.load(connection, [trade_id]))[0], wish)
        command = msgspec.structs.replace(command, at=max(command.at, mark.judged_to, stored.trade.active_from))
        if path is None or path.end < mark.judged_to or is_open_question(stored.trade, path, command):
            commanded = await _accept(connection, stored, command)
            await keyed.keep(connection, msgspec.json.encode(commanded))
            return commanded
        after = apply(stored.trade, command)
        if command.kind is CommandKind.EDIT and after.status is TradeStatus.OPEN and path.tail is not None:
            _check_edit(stored.trade, command, path.tail.close, "last price")  # the quote may be older than the path
        [change] = await closings.measured(connection, [Change(before=stored.trade, after=after, steps=(after,))])
        at = await clock.transaction_time(connection)
        commanded = Commanded(trade_view(change.after, at), pending=False)
        await keyed.keep(connection, msgspec.json.encode(commanded))
        try:
            streams = await settlement.settle_and_commit(connection, [change], at=at)
        except StateMoved:
            raise conflict(stored.trade, "changed meanwhile: read it again") from None
    await doorbell.ring(services.redis, streams)
    return commanded


def _check_state(stored: Stored, wish: Wish) -> None:
    trade = stored.trade
    check_version(trade, wish.version)
    if not applies(trade, Command(kind=wish.kind, at=trade.active_from)):
        allowed = {CommandKind.CLOSE: "an OPEN", CommandKind.CANCEL: "a PENDING"}.get(wish.kind, "a live")
        raise conflict(trade, f"is {trade.status}: only {allowed} trade takes {wish.kind}")
    if stored.command is not None:
        raise conflict(trade, f"has a {stored.command.kind} waiting since {stored.command.at.isoformat()}")


async def _noted(connection: Connection, stored: Stored, wish: Wish) -> Stored:
    """The trade, if it still allows the wish, with the note that comes with it."""
    _check_state(stored, wish)
    if wish.notes is None:
        return stored
    await trade_notes.write(connection, stored.trade.id, wish.notes)
    label = msgspec.structs.replace(stored.trade.label, notes=wish.notes)
    return msgspec.structs.replace(stored, trade=stored.trade.changed(label=label))


async def _command(services: Services, trade: Trade, wish: Wish) -> Command:
    """The command, frozen with its time and, for a close, the quote it is filled at."""
    at = await services.clock.now(trade.instrument.market)
    if wish.kind in (CommandKind.CLOSE, CommandKind.END):
        quote = await fresh_quote(services, trade.instrument)
        if wish.expected_price is not None:
            _check_guard(wish.expected_price, quote)
        _check_part(trade, wish.fraction, quote)
        return Command(kind=wish.kind, at=at, bid=quote.bid, ask=quote.ask, fraction=wish.fraction)
    if wish.kind is CommandKind.EDIT:
        return await _edit(services, trade, wish, at)
    return Command(kind=wish.kind, at=at)


async def _edit(services: Services, trade: Trade, wish: Wish, at: datetime) -> Command:
    """New prices on the grid, in order around the market, or around the limit while that rests."""
    new = msgspec.structs.replace(
        trade.plan, stop_loss=wish.stop_loss or trade.stop.price, targets=wish.targets or (), rules=NO_RULES
    )
    new = on_grid(new, trade.instrument.filters)
    command = Command(
        kind=wish.kind,
        at=at,
        stop_loss=new.stop_loss if wish.stop_loss is not None else None,
        targets=new.targets if wish.targets is not None else None,
    )
    if wish.targets is not None:
        check_targets(wish.targets, trade.plan.rules)
    limit = trade.plan.limit_price if trade.status is TradeStatus.PENDING else None
    if limit is not None:
        _check_edit(trade, command, limit, "entry")
    else:
        _check_edit(trade, command, (await fresh_quote(services, trade.instrument)).last, "last price")
    return command


def _check_edit(trade: Trade, command: Command, price: Decimal, name: str) -> None:
    after = apply(trade, command)
    ahead = msgspec.structs.replace(after.plan, targets=after.plan.targets[after.targets_filled :])
    check_order(ahead, price, reference=name, stop=after.stop.price)
    check_legs(ahead, after.remaining, after.instrument.filters)
    check_stop_holds(after)


def _check_part(trade: Trade, fraction: Decimal | None, quote: Quote) -> None:
    """A part must be an order the exchange takes, and so must the rest."""
    if fraction is None or fraction == 1 or trade.status is not TradeStatus.OPEN:
        return
    filters = trade.instrument.filters
    part = floor_to(trade.remaining * fraction, filters.step_size)
    price = quote.bid if trade.is_long else quote.ask
    for quantity, what in ((part, "the part"), (trade.remaining - part, "what would remain")):
        if quantity <= 0 or quantity < filters.min_quantity or quantity * price < filters.min_notional:
            raise InvalidInput(
                "below_minimum",
                f"{what} is {quantity.normalize():f}, worth {(quantity * price).normalize():f} USDT: the exchange's "
                f"minimum is {filters.min_notional.normalize():f} (step {filters.step_size})",
                field="fraction",
                numbers={"quantity": quantity, "min_notional": filters.min_notional},
            )


def _check_guard(expected: Decimal, quote: Quote) -> None:
    if abs(expected - quote.last) > GUARD_SHARE * quote.last:
        raise InvalidInput(
            "price_differs",
            f"current_price {expected} is more than 1 % away from the market's {quote.last}",
            field="current_price",
            numbers={"current_price": expected, "market": quote.last},
        )


async def _accept(connection: Connection, stored: Stored, command: Command) -> Commanded:
    if not await commands.accept(connection, {stored.trade.id: command}):
        raise conflict(stored.trade, "has another command waiting")
    return Commanded(trade_view(stored.trade, stored.updated_at), pending=True)


_decode = msgspec.json.Decoder(Commanded).decode
