"""What the document shows is what the product really answers: of its types, spelled as it spells, and consistent."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from api import event_id
from api.examples import access, accounts, figures, market, operations, outlets, signals, trades
from api.examples.answers import KNOWN
from api.inbox import WEBHOOK_PATH
from services.binance.brackets import shipped
from services.coordination.task_queue import QUEUES
from services.coordination.weight import RESERVES
from services.domain.credentials import parse_key
from services.domain.fees import DEFAULT_FEES
from services.domain.fills import FillModel, Slippage
from services.domain.market import Filters, Instrument, InstrumentStatus, Market, Quote
from services.domain.metrics.confidence import Interval, wilson
from services.domain.metrics.equity_curve import Sample, Span
from services.domain.opening import Order, enter_at_quote, rest
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.planning import on_grid
from services.domain.trade import Label
from services.domain.view import trade_view
from services.usecases.equity_curve import curve_of
from tests.contract.test_document import OPERATIONS, contents, examples

ACTORS = (Path(__file__).parents[2] / "workers/actors.py").read_text()
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
IN_ORDER = (
    ("created_at", "updated_at"),
    ("created_at", "expires_at"),
    ("created_at", "first_attempt_at"),
    ("first_attempt_at", "last_attempt_at"),
    ("entry_time", "exit_time"),
    ("signal_time", "received_at"),
    ("received_at", "updated_at"),
    ("received_at", "expires_at"),
    ("since", "live_until"),
    ("hours_from", "hours_to"),
    ("asked_at", "reconciled_at"),
    ("low", "open"),
    ("low", "close"),
    ("open", "high"),
    ("close", "high"),
)
"""Fields of one thing, of which the first is never above the second."""


def told(kind: Any, example: Any) -> Any:
    """The example as the product would send it: read into its struct, and written again."""
    return msgspec.json.decode(msgspec.json.encode(msgspec.convert(example, kind)))


def shown() -> Iterator[tuple[str, Any]]:
    """Every example of the document, by its operation."""
    for label, operation in OPERATIONS.items():
        bodies = operation.get("requestBody", {}).get("content", {}).values()
        for content in (*bodies, *(content for *_, content in contents(operation["responses"]))):
            yield from ((label, each) for each in examples(content))


def things(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from things(inner)


THINGS = [(label, thing) for label, example in shown() for thing in things(example)]


@pytest.mark.parametrize("kind", KNOWN, ids=lambda kind: kind.__name__)
def test_an_example_is_of_its_type(kind):
    assert told(kind, KNOWN[kind]) == KNOWN[kind]


def test_no_text_is_its_fields_own_name():
    assert not [
        (label, name)
        for label, thing in THINGS
        for name, value in thing.items()
        if isinstance(value, str) and value.casefold().replace(" ", "_") in (name, name.removesuffix("s"))
    ]


def test_what_has_an_order_is_in_order():
    assert not [
        (label, first, thing)
        for label, thing in THINGS
        for first, second in IN_ORDER
        if thing.get(first) is not None and thing.get(second) is not None and _later(thing[first], thing[second])
    ]


def _later(first: str, second: str) -> bool:
    kind = datetime.fromisoformat if "T" in first else Decimal
    return kind(first) > kind(second)


def test_credentials_are_spelled_as_real_ones():
    key = parse_key(access.KEY_MADE["key"])
    assert key is not None
    assert key.key_id == access.KEY["key_id"]
    tokens = (access.LINK_MADE, access.INVITED, accounts.QUESTION)
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{43}", each["token"]) for each in tokens)
    assert re.fullmatch(r"[0-9a-f]{64}", access.SESSION["csrf_token"])
    secret = outlets.WEBHOOK_MADE["secret"]
    body = "{}"
    signature = Webhook(secret).sign("evt_1", NOON, body)
    assert secret.startswith("whsec_")
    assert signature.startswith("v1,")
    assert signals.SOURCE_SECRET["path"] == f"{WEBHOOK_PATH}{signals.SOURCE_SECRET['secret']}/"
    repeated = OPERATIONS["post /api/keys"]["responses"]["200"]
    assert [each["key"] for each in examples(repeated["content"]["application/json"])] == [None], "shown once only"


def test_streams_are_named_as_the_product_names_them():
    delivery = outlets.DELIVERY
    assert event_id.parse(f"{operations.SYSTEM['epoch']}:{delivery['stream']}.{delivery['sequence']}")
    assert delivery["message_id"] == f"evt_{operations.SYSTEM['epoch']}_{delivery['stream']}_{delivery['sequence']}"
    assert {each["stream"] for _, each in THINGS if "stream" in each} <= {"a1", "a7"}


def test_words_of_the_fleet_are_its_own():
    assert {each["queue"] for _, each in THINGS if "queue" in each} <= set(QUEUES)
    assert all(f"async def {each['actor']}(" in ACTORS for _, each in THINGS if "actor" in each)
    for place, usage in operations.SYSTEM["weight"].items():
        assert usage["by_purpose"].keys() <= RESERVES[Market(place)].keys()
        assert sum(usage["by_purpose"].values()) == usage["used"]
    for price in operations.QUEUES["quarantined_prices"]:
        place, symbol, minute = price.split(":")
        assert (Market(place), symbol, int(minute) % 60) == (Market.FUTURES, "BTCUSDT", 0)


def test_trades_are_those_that_the_domain_makes():
    slippage = Slippage(Decimal(0), Decimal(0))

    def order(example: dict[str, Any], least: str) -> Order:
        place, detail = Market(example["market_type"]), example["symbol_detail"]
        grid = (
            Decimal(detail["tick_size"]),
            Decimal(detail["step_size"]),
            Decimal(detail["step_size"]),
            Decimal(least),
        )
        pair = Instrument(
            detail["instrument_id"],
            place,
            detail["symbol"],
            detail["base_asset"],
            InstrumentStatus.TRADING,
            Filters(*grid),
        )
        limit = Decimal(example["entry_price"]) if example["entry_type"] == "LIMIT" else None
        plan = Plan(
            direction=Direction.LONG,
            entry_type=EntryType(example["entry_type"]),
            limit_price=limit,
            stop_loss=Decimal(example["stop_loss"]),
            targets=tuple(
                Target(Decimal(each["price"]), Decimal(each["fraction"])) for each in example["take_profits"]
            ),
            position_size=Decimal(example["position_size"]),
            leverage=example["leverage"],
        )
        label = Label(NOON, example["source"], example["notes"], example["signal_id"])
        brackets = shipped(pair.symbol) if place is Market.FUTURES else ()
        terms = (DEFAULT_FEES[place], FillModel.REALISTIC, slippage, brackets)
        return Order(example["id"], example["account_id"], pair, on_grid(plan, pair.filters), label, NOON, *terms)

    quote = Quote(Decimal("64792.2"), Decimal("64792.3"), Decimal("64792.3"), NOON)
    for example in (trades.OPEN, trades.SIGNALLED):
        assert _plain(trade_view(enter_at_quote(order(example, "100"), quote), NOON)) == _plain(example)
    assert _plain(trade_view(rest(order(trades.PENDING, "5")), NOON)) == _plain(trades.PENDING)


def _plain(value: Any) -> Any:
    """As JSON, numbers without useless zeros."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return f"{Decimal(value).normalize():f}" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else value
    return value if isinstance(value, (int, float, type(None))) else _plain(json.loads(msgspec.json.encode(value)))


def test_figures_agree_with_each_other():
    figures_ = figures.PERFORMANCE
    count, net = Decimal(figures_["total_trades"]), Decimal(figures_["total_profit_loss"])
    assert figures_["winning_trades"] + figures_["losing_trades"] == count
    assert Decimal(figures_["win_rate"]) == 100 * figures_["winning_trades"] / count
    assert Decimal(figures_["gross_profit"]) - Decimal(figures_["gross_loss"]) == net == count * Decimal("7.5")
    assert msgspec.convert(figures.CARD_LINE["win_rate_interval"], Interval) == wilson(11, 20)
    account = accounts.ACCOUNT
    assert Decimal(account["balance"]) - Decimal(account["reserved"]) == Decimal(account["free"])
    curve = curve_of(7, Span.DAY, msgspec.convert(figures.EQUITY["points"], list[Sample]))
    assert _plain(curve) == _plain(figures.EQUITY)
    assert len(market.DAY["prices"]) == 25
