"""Trades that somebody might want, in shares of the last price, for machines that open many of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.path import MINUTE
from services.domain.plan import Direction, EntryType, Target, Trailing
from services.usecases.new_trade import NewTrade

PLACES = ((Market.SPOT, "ADAUSDT"), (Market.FUTURES, "ADAUSDT"), (Market.FUTURES, "DOGEUSDT"))
places = st.sampled_from(range(len(PLACES)))
shares = st.sampled_from(["0.004", "0.01", "0.03", "0.1", "0.4"]).map(Decimal)


class Order(NamedTuple):
    """A trade that somebody wants, in shares of the last price; `resting` None: at the market.

    `entry_rules` and `minutes`, after which its entry expires, are for resting ones.
    """

    place: int
    sign: int
    resting: Decimal | None
    stop: Decimal
    ahead: list[Decimal]
    size: dict[str, Decimal]
    leverage: int
    rules: dict[str, Any]
    entry_rules: dict[str, bool]
    minutes: int | None
    model: FillModel


orders = st.builds(
    Order,
    places,
    st.sampled_from([1, 1, -1]),
    st.one_of(st.none(), shares),
    shares,
    st.lists(shares, min_size=1, max_size=3),
    st.sampled_from(
        [{"position_size": Decimal(size)} for size in (20, 60, 200, 900)]
        + [{"equity_percent": Decimal(10)}, {"risk_percent": Decimal(1)}]
    ),
    st.sampled_from([1, 3, 20, 20]),
    st.fixed_dictionaries(
        {
            "follow_targets": st.booleans(),
            "trailing": st.sampled_from([None, None, Trailing(percent=Decimal(1))]),
            "time_stop": st.sampled_from([None, None, 2 * MINUTE]),
        }
    ),
    st.fixed_dictionaries({"cancel_on_target": st.booleans(), "cancel_on_stop": st.booleans()}),
    st.sampled_from([None, 1, 3]),
    st.sampled_from(FillModel),
)


def wanted(order: Order, last: Decimal, now: datetime) -> NewTrade:
    """As a caller asks for it, at the last price, now."""
    market, symbol = PLACES[order.place]
    sign = 1 if market is Market.SPOT else order.sign
    entry = last if order.resting is None else last * (1 - sign * order.resting / 10)
    price, targets = entry, []
    for share in order.ahead:
        price *= 1 + sign * share / 2
        targets.append(Target(price, Decimal("0.3")))
    targets[-1] = Target(price, 1 - sum((target.fraction for target in targets[:-1]), Decimal(0)))
    entry_rules: dict[str, Any] = {}
    if order.resting is not None:
        expires = None if order.minutes is None else now + order.minutes * MINUTE
        entry_rules = {"entry_price": entry, "entry_expires_at": expires, **order.entry_rules}
    return NewTrade(
        market_type=market,
        symbol=symbol,
        direction=Direction.LONG if sign > 0 else Direction.SHORT,
        entry_type=EntryType.MARKET if order.resting is None else EntryType.LIMIT,
        stop_loss=entry * (1 - sign * order.stop / 2),
        take_profits=tuple(targets),
        leverage=1 if market is Market.SPOT else order.leverage,
        fill_model=order.model,
        **order.size,
        **order.rules,
        **entry_rules,
    )
