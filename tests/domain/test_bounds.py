"""What is just allowed, and what is one beyond, of what people and programs send."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.domain.alert_text import read_body
from services.domain.alerts import read_alert
from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.scan import equal_shares
from services.domain.signal import NewSignal, lifetime_of, meaning_of
from services.domain.source import DEDUP_SECONDS_MAX, LAG_SECONDS_MAX, SourceSettings, check_settings
from services.domain.ticker import read_market, read_ticker

D = Decimal


@pytest.mark.parametrize(
    ("field", "least", "most", "below", "beyond"),
    [
        ("max_lag_seconds", 1, 30 * 86_400, 0, LAG_SECONDS_MAX + 1),
        ("dedup_seconds", 0, 86_400, -1, DEDUP_SECONDS_MAX + 1),
        ("leverage_max", 1, 150, 0, 151),
        ("position_size", D("0.01"), D("999999999999999"), D(0), D("1e15") + 1),
        ("stop_loss_percent", D("0.01"), D("99.99"), D(0), D(100)),
        ("take_profit_percent", D("0.01"), D(1000), D(0), D("1000.01")),
    ],
)
def test_a_source_is_set_within_its_bounds(field, least, most, below, beyond):
    for fine in (least, most):
        check_settings(SourceSettings(**{field: fine}))
    for wrong in (below, beyond):
        with pytest.raises(InvalidInput) as refused:
            check_settings(SourceSettings(**{field: wrong}))
        assert refused.value.field == field


def test_a_ticker_has_one_to_sixty_characters():
    longest = "A" * 56 + "USDT"
    assert read_ticker(longest) == (None, longest)
    assert read_ticker("b") == (None, "BUSDT")
    assert read_ticker(" btcusdt.p ") == (Market.FUTURES, "BTCUSDT")
    for wrong in ("", "  ", "A" * 57 + "USDT", "BTC\x07USDT"):
        with pytest.raises(InvalidInput) as refused:
            read_ticker(wrong)
        assert (refused.value.code, refused.value.field) == ("bad_symbol", "symbol")


def signal(**changes):
    return NewSignal(market_type=Market.FUTURES, symbol="BTCUSDT", direction=Direction.LONG, stop_loss=D(5), **changes)


def test_a_signal_asks_for_a_leverage_that_its_market_has():
    for leverage in (1, 150):
        assert meaning_of(signal(leverage=leverage), SourceSettings()).leverage == leverage
    for leverage in (0, 151):
        with pytest.raises(InvalidInput) as refused:
            meaning_of(signal(leverage=leverage), SourceSettings())
        assert (refused.value.code, refused.value.numbers["max"]) == ("leverage_out_of_range", "150")


def test_a_signal_is_confident_from_nought_to_one():
    for fine in ("0", "0.5", "1"):
        assert meaning_of(signal(confidence=D(fine)), SourceSettings())
    for wrong in ("-0.001", "1.001", "1.5"):
        with pytest.raises(InvalidInput) as refused:
            meaning_of(signal(confidence=D(wrong)), SourceSettings())
        assert refused.value.code == "confidence_out_of_range"


def test_a_body_nests_four_deep():
    for depth in range(5):
        assert read_body(b'{"in":' * depth + b'{"symbol": "BTCUSDT"}' + b"}" * depth)["symbol"] == "BTCUSDT"
    with pytest.raises(InvalidInput) as refused:
        read_body(b'{"in":' * 5 + b'{"symbol": "BTCUSDT"}' + b"}" * 5)
    assert refused.value.code == "nested_too_deep"


def test_a_signal_may_be_a_minute_ahead_of_the_exchange():
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)
    ahead = signal(signal_time=now + timedelta(seconds=60))
    assert lifetime_of(ahead, SourceSettings(), now).signal_time == now
    with pytest.raises(InvalidInput) as refused:
        lifetime_of(signal(signal_time=now + timedelta(seconds=60, milliseconds=1)), SourceSettings(), now)
    assert refused.value.field == "signal_time"


def test_what_an_alert_says_too_long_is_cut_and_not_refused():
    alert = read_alert(
        {"symbol": "BTCUSDT", "side": "buy", "strategy": "x" * 81, "notes": "y" * 4001}, SourceSettings()
    )
    assert (alert.signal.strategy, alert.signal.notes) == ("x" * 80, "y" * 4000)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (99_999_999_999, 99_999_999_999),
        (100_000_000_000, 100_000_000),
        ("100000000000", 100_000_000),
        ("1782907200.25", 1_782_907_200.25),
        (1_782_907_200_250, 1_782_907_200.25),
    ],
)
def test_a_number_that_no_seconds_reach_is_milliseconds(told, seconds):
    alert = read_alert({"symbol": "BTCUSDT", "side": "buy", "signal_time": told}, SourceSettings())
    assert alert.signal.signal_time == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def test_targets_share_alike_to_the_percent_and_the_last_takes_the_rest():
    for count, each, rest in ((1, None, D(1)), (3, D("0.33"), D("0.34")), (4, D("0.25"), D("0.25"))):
        *others, last = equal_shares([D(100 + number) for number in range(count)])
        assert ({target.fraction for target in others}, last.fraction) == ({each} - {None}, rest)


def test_whole_numbers_of_an_alert_go_up_to_a_milliard():
    def lag(told):
        return read_alert(
            {"symbol": "BTCUSDT", "side": "buy", "max_lag": told}, SourceSettings()
        ).signal.max_lag_seconds

    assert [lag(told) for told in (10**9, "-1000000000", 0, "7.0")] == [10**9, -(10**9), 0, 7]
    for wrong in (10**9 + 1, "-1000000001", "0.5"):
        with pytest.raises(InvalidInput) as refused:
            lag(wrong)
        assert refused.value.code == "not_a_whole_number"


def test_a_single_target_of_all_or_of_nothing_told_takes_all_and_any_other_share_its_own():
    def fractions(*shares):
        targets = [{"price": 100 + n, **({} if s is None else {"fraction": s})} for n, s in enumerate(shares)]
        alert = read_alert({"symbol": "BTCUSDT", "side": "buy", "targets": targets}, SourceSettings())
        return [level.fraction for level in alert.signal.take_profits]

    assert [fractions(share) for share in (None, 0, 1)] == [[D(1)]] * 3
    assert [fractions(share) for share in (2, -1, D("0.5"))] == [[D(2)], [D(-1)], [D("0.5")]]


def test_a_market_that_is_none_is_told_by_its_first_forty_characters():
    assert read_market(" Perp ") is Market.FUTURES
    with pytest.raises(InvalidInput) as refused:
        read_market("o" * 41)
    assert str(refused.value).endswith(f"got '{'o' * 40}'")
