"""The lines of a replay: a trade plan read and checked, an outcome written."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec

from services.domain.errors import InvalidInput, Refused
from services.domain.malformed import MALFORMED
from services.domain.market import Market
from services.domain.plan import NO_RULES, Direction, EntryType, Plan, Rules, Target
from services.domain.profit import average_exit_price, fees, funding
from services.domain.trade import Evidence, Reason, Trade, TradeStatus
from services.usecases.new_trade import check_number, numbers_of

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class PlanLine(msgspec.Struct, frozen=True, kw_only=True):
    """One plan. Prices in USDT; entry_price is null for MARKET; position_size is the margin in USDT."""

    id: str | int
    market_type: Market
    symbol: str
    direction: Direction
    entry_type: EntryType
    entry_price: Decimal | None = None
    stop_loss: Decimal
    take_profit: Decimal | None = None
    take_profits: tuple[Target, ...] = ()
    rules: Rules = NO_RULES
    position_size: Decimal
    leverage: int
    opened_at: Annotated[datetime, msgspec.Meta(tz=True)]

    def plan(self) -> Plan:
        """The plan in the domain's terms, not yet on any grid."""
        return Plan(
            direction=self.direction,
            entry_type=self.entry_type,
            limit_price=self.entry_price,
            stop_loss=self.stop_loss,
            targets=self.take_profits or (() if self.take_profit is None else (Target(self.take_profit),)),
            position_size=self.position_size,
            leverage=self.leverage,
            rules=self.rules,
        )


class OutcomeExit(msgspec.Struct, frozen=True):
    """A part of the quantity that has left."""

    reason: Reason
    time: datetime
    price: str
    quantity: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one plan: prices and money as strings, fields without a meaning yet null.

    `status` is a trade's status, or REJECTED for an entry that did not fit at its fill price. `evidence` holds the
    data that decided entry and exit, or the reason why there is none.
    """

    id: str | int
    status: str
    entry_time: datetime | None = None
    entry_price: str | None = None
    exit_time: datetime | None = None
    exit_price: str | None = None
    exit_reason: Reason | None = None
    exits: tuple[OutcomeExit, ...] = ()
    quantity: str | None = None
    fees: str | None = None
    funding: str | None = None
    profit_loss: str | None = None
    ambiguous: bool = False
    evidence: dict[str, Evidence | str] = {}

    @property
    def is_unrecorded(self) -> bool:
        """Whether nothing is recorded to the plan's time: `never_entered`."""
        return self.status == TradeStatus.PENDING and "reason" in self.evidence


def read_plan(line: bytes) -> PlanLine:
    """The plan of one line. Raises InvalidInput that names field and rule."""
    try:
        plan = msgspec.json.decode(line.removeprefix(_BYTE_ORDER_MARK), type=PlanLine)
    except MALFORMED as error:
        raise InvalidInput("not_a_plan", str(error)) from error
    own = [(field, getattr(plan, field)) for field in ("entry_price", "stop_loss", "take_profit", "position_size")]
    rules = [*numbers_of(plan.take_profits, plan.rules.trailing), ("entry_zone", plan.rules.entry_zone)]
    for field, value in (*own, *rules):
        check_number(field, value)
    if not plan.symbol.isalnum():
        raise InvalidInput("unknown_symbol", f"not a symbol: {plan.symbol!r}", field="symbol")
    return msgspec.structs.replace(plan, opened_at=plan.opened_at.astimezone(UTC))


def outcome(id_: str | int, trade: Trade) -> Outcome:
    """Where `trade` stands at the end of the recording."""
    entry, exit_ = trade.entry, trade.exit
    fills = {"entry": entry, "exit": exit_}
    price = average_exit_price(trade)
    paid, owed = fees(trade), funding(trade)
    return Outcome(
        id=id_,
        status=trade.status,
        entry_time=entry.time if entry else None,
        entry_price=plain(entry.price) if entry else None,
        exit_time=exit_.time if exit_ else None,
        exit_price=plain(price) if exit_ and price is not None else None,
        exit_reason=trade.ended_by,
        exits=tuple(
            OutcomeExit(each.reason, each.fill.time, plain(each.fill.price), plain(each.quantity))
            for each in trade.exits
        ),
        quantity=plain(trade.quantity),
        fees=None if paid is None else plain(paid),
        funding=None if owed is None else plain(owed),
        profit_loss=None if trade.profit_loss is None else plain(trade.profit_loss),
        ambiguous=trade.ambiguous,
        evidence={name: fill.evidence for name, fill in fills.items() if fill},
    )


def never_entered(id_: str | int, reason: str) -> Outcome:
    """A plan that the recording never came to."""
    return Outcome(id=id_, status=TradeStatus.PENDING, evidence={"reason": reason})


def rejected(id_: str | int, reason: str) -> Outcome:
    """An entry that no longer fitted at its fill price."""
    return Outcome(id=id_, status="REJECTED", evidence={"reason": reason})


def problem(number: int, error: Refused) -> str:
    """What is wrong with a line: its number, the field, the rule."""
    return f"line {number}: {error.field + ': ' if error.field else ''}{error.message}"


def plain(value: Decimal) -> str:
    """Without an exponent."""
    return f"{value:f}"


def write_outcomes(path: Path, lines: list[bytes]) -> None:
    """All of `lines` or, if that fails, what was there before. Raises OSError."""
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(b"".join(line + b"\n" for line in lines))
    draft.replace(path)
