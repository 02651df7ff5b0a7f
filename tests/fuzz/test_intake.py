"""What senders of alerts, callers of the API and readers of streams hand in: refused by its own error, or sound."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest
from dramatiq import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from api import cursors, event_id, parameters
from api.body import JsonBody
from api.errors import MalformedBody
from api.events import PAIRS_MAX, _pairs
from api.signals import PostedSignal, Unfit
from services.db import instrument_list, trade_list
from services.domain.alert_text import read_body
from services.domain.alerts import read_alert
from services.domain.credentials import parse_key
from services.domain.errors import Conflict, InvalidInput
from services.domain.malformed import MALFORMED
from services.domain.market import Filters, Instrument, InstrumentStatus, Market
from services.domain.signal import Intent, lifetime_of, meaning_of
from services.domain.source import SourceSettings
from services.domain.trade import TradeStatus
from services.hooks.addresses import Forbidden, Policy
from services.usecases.new_trade import NUMBER_MAX
from services.usecases.signal_wish import check_on
from tests.fuzz.hostile import BOMBS, LEAVES, TEXTS, VALUES, numbers_in, spoiled
from workers.batches import decode_paths
from workers.messages import EnvelopeEncoder

ALERT = {
    "symbol": "BTCUSDT.P",
    "action": "buy",
    "price": "60000",
    "stop_loss": "2%",
    "take_profit": [{"price_percent": 1.5, "volume_percent": 60}, {"price_percent": 3, "volume_percent": 40}],
    "leverage": "5x",
    "time": "2026-07-01T12:00:00Z",
    "max_lag": "300",
    "trailing": {"percent": 1},
    "strategy": {"order_action": "buy", "market_position": "long", "prev_market_position": "flat"},
    "idempotency_key": "a",
}
SETTINGS = SourceSettings(stop_loss_percent=Decimal(2), take_profit_percent=Decimal(4))
NOW = datetime(2026, 7, 1, 12, 1, tzinfo=UTC)
FILTERS = Filters(
    tick_size=Decimal("0.1"), step_size=Decimal("0.001"), min_quantity=Decimal("0.001"), min_notional=Decimal(5)
)
NESTED = "[" * 2000 + "]" * 2000


def judge(body: bytes) -> None:
    """What is read is finite; what its source's rules then let pass is positive, and a plan that can be opened."""
    try:
        signal = read_alert(read_body(body), SETTINGS).signal
    except InvalidInput:
        return
    assert all(number.is_finite() for _, number in numbers_in(signal))
    try:
        meaning = meaning_of(signal, SETTINGS)
        lifetime = lifetime_of(signal, SETTINGS, NOW)
        if isinstance(meaning, Intent):
            check_on(
                meaning,
                Instrument(1, signal.market_type, "BTCUSDT", "BTC", InstrumentStatus.TRADING, FILTERS),
                SETTINGS,
            )
    except (InvalidInput, Conflict):
        return
    assert lifetime.signal_time <= NOW
    for name, number in numbers_in(meaning):
        assert 0 < number < 10**15 or (name == "confidence" and number == 0), name
    if isinstance(meaning, Intent):
        assert sum(target.fraction for target in meaning.targets) in (0, 1)


@pytest.mark.parametrize(
    ("field", "value", "blamed"),
    [
        ("stop_loss", "-1", "stop_loss"),
        ("stop_loss", "0", "stop_loss"),
        ("stop_loss", "0%", "stop_loss_percent"),
        ("stop_loss", "1e16", "stop_loss"),
        ("take_profit", "0", "take_profits"),
        ("take_profit", "-60000", "take_profits"),
        (
            "take_profit",
            [{"price": "61000", "volume_percent": -50}, {"price": "62000", "volume_percent": 150}],
            "take_profits",
        ),
        ("price", "-60000", "entry_price"),
        ("position_size", "0", "position_size"),
        ("leverage", "0", "leverage"),
        ("leverage", "-5x", "leverage"),
        ("confidence", "-0.1", "confidence"),
        ("max_lag", "0", "max_lag_seconds"),
    ],
)
def test_an_alert_with_a_number_that_cannot_be_is_refused_by_name(field, value, blamed):
    sound = {name: each for name, each in ALERT.items() if name != "strategy"}
    meaning_of(read_alert(read_body(json.dumps(sound).encode()), SETTINGS).signal, SETTINGS)
    spoiled_ = read_alert(read_body(json.dumps(sound | {field: value}).encode()), SETTINGS).signal
    with pytest.raises(InvalidInput) as refused:
        meaning_of(spoiled_, SETTINGS)
    assert refused.value.field == blamed


@given(spoiled(ALERT))
def test_an_alert_with_any_part_spoiled(value):
    judge(json.dumps(value).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=300))
def test_an_alert_of_noise(body):
    judge(body)


@given(st.lists(st.tuples(st.sampled_from([*ALERT, "sl", "tp1", "side", "x"]), st.one_of(TEXTS, st.text(max_size=20)))))
def test_an_alert_of_assignments(pairs):
    judge(" ".join(f"{key}={value}" for key, value in pairs).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "body", [NESTED, '{"a":' * 2000 + "1" + "}" * 2000, '{"price": 1' + "0" * 5000 + "}", "a=" * 5000]
)
def test_an_alert_that_is_a_bomb(body):
    judge(body.encode())


def handed_back(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode("utf-8", "surrogatepass")).decode().rstrip("=")


@given(
    st.one_of(st.text(max_size=60), st.binary(max_size=60).map(str), VALUES.map(handed_back), LEAVES.map(handed_back))
)
def test_a_cursor(cursor):
    for kind in (int, trade_list.Key, instrument_list.Key):
        try:
            key = cursors.decode(cursor, kind)
        except InvalidInput:
            continue
        assert isinstance(key, kind)
        if isinstance(key, int):
            assert -(2**63) <= key < 2**63, "the database has no larger one"


@pytest.mark.parametrize("text", [NESTED, "1" * 5000, '["SPOT", "\\u0000"]', '["SPOT", "' + "A" * 5000 + '"]'])
def test_a_cursor_that_is_a_bomb(text):
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    for kind in (int, trade_list.Key, instrument_list.Key):
        with pytest.raises(InvalidInput):
            cursors.decode(cursor, kind)


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[0-9a-z]{1,8}:[a-z0-9]{1,4}\.[0-9]{1,25}")))
def test_an_event_id(text):
    place = event_id.parse(text)
    assert place is None or (
        (str(place) == text or place.cursors) and all(0 <= seq < 10**18 for seq in place.cursors.values())
    )


@given(st.one_of(TEXTS, st.text(max_size=40), st.datetimes().map(str), st.dates().map(str)))
def test_filters(text):
    for read in (parameters.moment, parameters.day, parameters.text):
        try:
            value = read(text, "field")
        except InvalidInput:
            continue
        assert value is None or not hasattr(value, "tzinfo") or value.tzinfo is UTC
    try:
        assert parameters.choices([text], TradeStatus, "status") <= set(TradeStatus)
    except InvalidInput:
        return


SIGNAL = {
    "source": "mine",
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "direction": "LONG",
    "entry_zone": ["59000", "60000"],
    "stop_loss_percent": "2",
    "take_profits": [{"percent": "2", "fraction": "0.5"}, {"price": "64000", "fraction": "0.5"}],
    "trailing": {"percent": "1"},
    "signal_time": "2026-07-01T12:00:00Z",
}


def posted(body: bytes) -> PostedSignal:
    return JsonBody.decode_bytes(SimpleNamespace(model_type=PostedSignal), body)


@given(
    st.one_of(
        spoiled(SIGNAL).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
        st.binary(max_size=80),
        st.sampled_from(BOMBS),
        st.sampled_from(BOMBS).map(lambda bomb: json.dumps(SIGNAL).encode()[:-1] + b"," + bomb[1:]),
    )
)
def test_a_body(body):
    """What reads as a signal and passes its rules has numbers that are positive."""
    try:
        meaning = meaning_of(posted(body), SETTINGS)
    except (InvalidInput, MalformedBody):
        return
    for name, number in numbers_in(meaning):
        assert (number.is_finite() and 0 < number < 10**15) or "trailing" in name or name == "confidence", name


@given(st.one_of(spoiled(SIGNAL).map(json.dumps).map(str.encode), st.binary(max_size=80), st.sampled_from(BOMBS)))
def test_the_source_that_a_body_names(body):
    name = Unfit(body, InvalidInput("x", "x")).source
    assert 0 < len(name) <= 60
    assert name.isprintable()


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_positive_numbers(value):
    try:
        assert 0 < parameters.positive(value, "price") < NUMBER_MAX
    except InvalidInput as refused:
        assert refused.field == "price"
        assert not (value.is_finite() and 0 < value < NUMBER_MAX)


@given(st.one_of(st.text(max_size=12), st.integers().map(str), st.integers().map('"{}"'.format), st.just("9" * 5000)))
def test_a_version_to_match(header):
    try:
        version = parameters.version_of(header)
    except InvalidInput as refused:
        assert refused.field == "If-Match"
        return
    assert (version is None) == (header == "*")
    assert version is None or str(version) == header.strip('"').lstrip("0") or version == 0


@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.tuples(st.sampled_from([*Market, "spot", ""]), st.text(max_size=90)).map(":".join),
            st.just("positions"),
        ),
        max_size=8,
    ).map(",".join)
)
def test_pairs_whose_prices_are_asked_for(text):
    try:
        pairs, positions = _pairs(text)
    except InvalidInput as refused:
        assert refused.field == "prices"
        return
    assert positions == ("positions" in text.split(","))
    assert {f"{market}:{symbol}" for market, symbol in pairs} == {*text.split(",")} - {"", "positions"}
    assert all(symbol.isprintable() and 0 < len(symbol) <= 80 for _, symbol in pairs)


@given(st.integers(PAIRS_MAX - 2, PAIRS_MAX + 2))
def test_so_many_pairs_and_no_more(count):
    text = ",".join(f"SPOT:A{number}" for number in range(count))
    if count <= PAIRS_MAX:
        assert len(_pairs(text)[0]) == count
    else:
        with pytest.raises(InvalidInput):
            _pairs(text)


@given(st.one_of(st.binary(max_size=200), VALUES.map(msgspec.json.encode), st.sampled_from(BOMBS)))
def test_messages_of_the_queue(data):
    for decode in (EnvelopeEncoder().decode, decode_paths):
        try:
            decode(data)
        except (DecodeError, *MALFORMED):
            continue


@given(st.one_of(st.text(max_size=80), st.from_regex(r"pt_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", fullmatch=True)))
def test_a_key(text):
    key = parse_key(text)
    assert key is None or key.text == text


@given(st.one_of(st.text(max_size=60), st.text(max_size=40).map("https://{}".format), TEXTS.map("https://{}/".format)))
def test_an_address(text):
    try:
        Policy(()).destination(text)
    except Forbidden:
        return
