"""What is just allowed, and what is one beyond, of what people and programs send."""

from decimal import Decimal

import pytest

from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.source import DEDUP_SECONDS_MAX, LAG_SECONDS_MAX, SourceSettings, check_settings
from services.domain.ticker import read_ticker

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
