"""New trades, many at once: checked against everything but what other transactions do meanwhile.

The watermarks of their instruments stay locked until the caller's transaction ends, and so do the accounts whose
limits count what is held.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db import accounts, positions, trades, watermarks
from services.db.accounts import Account
from services.db.pool import Connection
from services.db.watermarks import Watermark
from services.domain.brackets import Brackets
from services.domain.changes import created
from services.domain.errors import Conflict, InvalidInput, Refused
from services.domain.fills import Slippage, half_spread
from services.domain.limits import Usage, check_leverage, check_owner, check_usage
from services.domain.market import Instrument, Market, Quote
from services.domain.opening import Order, enter_at_quote, is_marketable, rest
from services.domain.path import ceil_minute, floor_minute
from services.domain.plan import Direction, Plan
from services.domain.planning import check_plan, on_grid
from services.domain.sizing import Sizing
from services.domain.trade import Label, Trade
from services.settings import Login
from services.usecases.bring_brackets import brackets_in_force
from services.usecases.context import Services
from services.usecases.equity import equity_of
from services.usecases.halt import refused_new_trades
from services.usecases.new_trade import NewTrade, wanted_plan, wanted_sizing

WANTED_MAX = 500


class Wanted(msgspec.Struct, frozen=True):
    """A trade that an account shall open at `quote`, for a signal if there is one."""

    account: Account
    instrument: Instrument
    wish: NewTrade
    quote: Quote
    signal_id: int | None = None


class _Draft(msgspec.Struct, frozen=True):
    wanted: Wanted
    plan: Plan
    sizing: Sizing


async def make_trades(
    services: Services, connection: Connection, wanted: Sequence[Wanted], *, lock_accounts: bool = False
) -> list[Trade | Refused]:
    """Each wish's new trade, active from now or from its watermark, or why there is none; nothing is written.

    Trades of one account count against each other. With `lock_accounts` their free balance is what it is until the
    transaction ends.
    """
    assert len(wanted) <= WANTED_MAX
    halted = await refused_new_trades(connection)
    if halted is not None:
        return [halted] * len(wanted)
    made: list[Trade | Refused] = []
    drafts: dict[int, _Draft] = {}
    for number, each in enumerate(wanted):
        found = _draft(each)
        if isinstance(found, _Draft):
            drafts[number] = found
            made.append(_NOT_YET)
        else:
            made.append(found)
    if not drafts:
        return made
    now = {market: await services.clock.now(market) for market in {d.wanted.instrument.market for d in drafts.values()}}
    equities = await _equities(services, connection, drafts.values())
    marks = await _marks(connection, [draft.wanted.instrument for draft in drafts.values()], now)
    named = [draft.wanted.instrument for draft in drafts.values()]
    frozen = await brackets_in_force(connection, [each.symbol for each in named if each.market is Market.FUTURES])
    ids = iter(await trades.next_ids(connection, len(drafts)))
    per_user = services.settings.open_trades_per_user if services.settings.login is Login.REQUIRED else None
    ledgers = await _Books.open(
        connection, [draft.wanted.account for draft in drafts.values()], lock=lock_accounts, per_user=per_user
    )
    for number, draft in drafts.items():
        instrument, account = draft.wanted.instrument, draft.wanted.account
        at, mark = now[instrument.market], marks[instrument.id]
        order = _order(draft, next(ids), at, mark, frozen.get(instrument.symbol, ()), equities.get(account.id))
        try:
            trade = _enter(order, draft.wanted.quote)
            await ledgers.take(trade)
        except Refused as refused:
            made[number] = refused
        else:
            made[number] = trade
    return made


_NOT_YET = Conflict("not_yet", "not decided yet")


def checked_plan(account: Account, instrument: Instrument, wish: NewTrade) -> Plan:
    """The plan on the instrument's grid. Raises Refused for what is wrong with it whatever its price will be."""
    plan = on_grid(wanted_plan(wish), instrument.filters)
    wanted_sizing(wish)
    check_plan(plan, instrument)
    check_leverage(account.limits, plan.leverage)
    return plan


def _draft(wanted: Wanted) -> "_Draft | Refused":
    try:
        plan = checked_plan(wanted.account, wanted.instrument, wanted.wish)
    except Refused as refused:
        return refused
    return _Draft(wanted, plan, wanted_sizing(wanted.wish))


def _order(draft: _Draft, id_: int, now: datetime, mark: Watermark, frozen: Brackets, equity: Decimal | None) -> Order:
    wanted = draft.wanted
    account, instrument, wish = wanted.account, wanted.instrument, wanted.wish
    return Order(
        trade_id=id_,
        account_id=account.id,
        instrument=instrument,
        plan=draft.plan,
        label=Label(now, wish.source, wish.notes, wanted.signal_id),
        at=max(now, mark.judged_to),
        fees=account.fees(instrument.market),
        fill_model=wish.fill_model or account.fill_model,
        slippage=Slippage(half_spread(wanted.quote), mark.average_range),
        brackets=frozen if instrument.market is Market.FUTURES else (),
        sizing=draft.sizing,
        equity=equity,
    )


def _enter(order: Order, quote: Quote) -> Trade:
    ends = order.plan.rules.entry_expires_at
    if ends is not None and ceil_minute(ends) <= order.at:
        raise InvalidInput(
            "entry_expired",
            f"the entry was to be made before {ends.isoformat()}, it is {order.at.isoformat()}",
            field="entry_expires_at",
            numbers={"entry_expires_at": ends.isoformat(), "now": order.at.isoformat()},
        )
    return enter_at_quote(order, quote) if is_marketable(order.plan, quote) else rest(order)


async def _equities(services: Services, connection: Connection, drafts: Iterable[_Draft]) -> dict[int, Decimal]:
    """By account, the equity that sizes hang on, where any does."""
    found: dict[int, Decimal] = {}
    for draft in drafts:
        account = draft.wanted.account
        if draft.sizing.needs_equity and account.id not in found:
            found[account.id] = (await equity_of(services, connection, account)).equity
    return found


async def _marks(
    connection: Connection, instruments: Sequence[Instrument], now: Mapping[Market, datetime]
) -> dict[int, Watermark]:
    """The watermarks, locked; those of instruments without a live trade have come to the present minute."""
    ids = {instrument.id for instrument in instruments}
    if len(now) > 1:
        await watermarks.lock(connection, ids)  # in one order over both markets
    for market, at in now.items():
        here = {instrument.id for instrument in instruments if instrument.market is market}
        await watermarks.skip_idle_to(connection, here, floor_minute(at))
    return await watermarks.lock(connection, ids)


class _Books:
    """What the new trades' accounts have free and hold, as the new trades take from it one by one."""

    def __init__(
        self,
        connection: Connection,
        known: dict[int, Account],
        per_user: int | None,
        owners: dict[int, tuple[int, int]],
    ) -> None:
        self._connection = connection
        self._per_user = per_user
        self._owner_of = {account_id: user_id for account_id, (user_id, _) in owners.items()}
        self._held = dict(owners.values())
        self._accounts = known
        self._free = {id_: account.free for id_, account in known.items()}
        self._usages: dict[tuple[int, int, Direction], Usage] = {}
        self._added: dict[int, int] = {}

    @classmethod
    async def open(
        cls, connection: Connection, wanted: Sequence[Account], *, lock: bool, per_user: int | None
    ) -> "_Books":
        """Accounts whose limits count what is held are locked: two openings at once must not both pass.

        per_user: how many live trades a user may have over all accounts, if that is bounded.
        """
        owners = {} if per_user is None else await positions.of_owners(connection, [account.id for account in wanted])
        known = {account.id: account for account in wanted}
        to_lock = sorted(id_ for id_, account in known.items() if lock or account.limits.need_usage)
        if to_lock:
            known |= await accounts.load_many(connection, to_lock, lock=True)
        return cls(connection, known, per_user, owners)

    async def take(self, trade: Trade) -> None:
        """Raises Conflict where the account has too little free, or a limit would be exceeded."""
        account = self._accounts[trade.account_id]
        if self._per_user is not None:
            check_owner(self._held[self._owner_of[account.id]], self._per_user)
        if account.limits.need_usage:
            await self._check_usage(account, trade)
        needed = created(trade).funds_needed
        if needed > self._free[account.id]:
            raise too_little(needed, self._free[account.id])
        self._free[account.id] -= needed
        if self._per_user is not None:
            self._held[self._owner_of[account.id]] += 1

    async def _check_usage(self, account: Account, trade: Trade) -> None:
        key = (account.id, trade.instrument.id, trade.plan.direction)
        if key not in self._usages:
            self._usages[key] = await positions.usage(self._connection, *key)
        usage, added = self._usages[key], self._added.get(account.id, 0)
        check_usage(account.limits, Usage(usage.open_trades + added, usage.exposure), trade)
        price = trade.entry.price if trade.entry else trade.plan.limit_price
        assert price is not None
        self._usages[key] = Usage(usage.open_trades, usage.exposure + price * trade.quantity)
        self._added[account.id] = added + 1


def too_little(needed: Decimal, free: Decimal) -> Conflict:
    """The refusal of a trade that the account cannot pay."""
    return Conflict(
        "insufficient_balance",
        f"the trade needs {needed.normalize():f} USDT, the account has {free.normalize():f} free",
        field="position_size",
        numbers={"needed": needed, "free": free},
    )
