"""What senders of alerts, callers of the API and readers of streams hand in: refused by its own error, or sound."""

import base64
import json
from datetime import UTC

import msgspec
import pytest
from dramatiq import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from api import cursors, event_id, parameters
from services.db import instrument_list, trade_list
from services.domain.alert_text import read_body
from services.domain.alerts import read_alert
from services.domain.credentials import parse_key
from services.domain.errors import InvalidData, InvalidInput
from services.domain.source import SourceSettings
from services.domain.trade import TradeStatus
from services.hooks.addresses import Forbidden, Policy
from tests.fuzz.hostile import LEAVES, TEXTS, VALUES, spoiled
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
NESTED = "[" * 2000 + "]" * 2000


def judge(body: bytes) -> None:
    try:
        alert = read_alert(read_body(body), SourceSettings())
    except (InvalidInput, InvalidData):
        return
    assert alert is not None


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


@given(st.one_of(st.binary(max_size=200), VALUES.map(msgspec.json.encode)))
def test_messages_of_the_queue(data):
    for decode in (EnvelopeEncoder().decode, decode_paths):
        try:
            decode(data)
        except (DecodeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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
