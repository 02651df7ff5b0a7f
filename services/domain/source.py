"""Sources of signals: the settings of their owner, and what a follower has otherwise."""

from decimal import Decimal

import msgspec

from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.plan import EntryType
from services.domain.planning import LEVERAGE_MAX
from services.domain.sizing import PERCENT_MAX

LAG_SECONDS_MAX = 30 * 86_400
DEDUP_SECONDS_MAX = 86_400
TARGET_PERCENT_MAX = Decimal(1000)
_AMOUNT_MAX = Decimal("1e15")


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a source's signals are taken. None leaves it to the signal, or to the product's default.

    is_public            anybody may read its signals and follow it
    auto_trade           its signals become trades of every account that follows it, at once; switched on, those that
                         come from then on
    market_type          of tickers that do not say (BTCUSDT.P does); SPOT if None
    entry_type           overrides what a signal asks for
    position_size        margin in USDT where a signal has no size
    leverage_max         a signal that asks for more gets this
    stop_loss_percent    of the entry price, where a signal has no stop; likewise take_profit_percent
    max_lag_seconds      exchange seconds after its time in which a signal may still become a trade
    dedup_seconds        the same content again within these wall seconds is the same signal
    """

    is_public: bool = False
    auto_trade: bool = True
    market_type: Market | None = None
    entry_type: EntryType | None = None
    position_size: Decimal | None = None
    leverage_max: int | None = None
    stop_loss_percent: Decimal | None = None
    take_profit_percent: Decimal | None = None
    max_lag_seconds: int = 300
    dedup_seconds: int = 60


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """What a follower has otherwise than the source; None: as the source has it. At most one size.

    leverage_max lowers the source's cap and never raises it.
    """

    entry_type: EntryType | None = None
    position_size: Decimal | None = None
    equity_percent: Decimal | None = None
    risk_percent: Decimal | None = None
    leverage_max: int | None = None


NO_OVERRIDES = Overrides()


def check_settings(settings: SourceSettings) -> None:
    """Raises InvalidInput naming the setting that cannot be."""
    _check_amount("position_size", settings.position_size, _AMOUNT_MAX)
    _check_leverage(settings.leverage_max)
    _check_amount("stop_loss_percent", settings.stop_loss_percent, Decimal("99.99"))
    _check_amount("take_profit_percent", settings.take_profit_percent, TARGET_PERCENT_MAX)
    for field, value, least, most in (
        ("max_lag_seconds", settings.max_lag_seconds, 1, LAG_SECONDS_MAX),
        ("dedup_seconds", settings.dedup_seconds, 0, DEDUP_SECONDS_MAX),
    ):
        if not least <= value <= most:
            raise InvalidInput("out_of_range", f"{field} must be {least} to {most}", field=field)


def check_overrides(overrides: Overrides) -> None:
    """Raises InvalidInput naming the override that cannot be."""
    sizes = [name for name in ("position_size", "equity_percent", "risk_percent") if getattr(overrides, name)]
    if len(sizes) > 1:
        raise InvalidInput("two_sizes", f"give only one of {', '.join(sizes)}", field=sizes[1])
    _check_amount("position_size", overrides.position_size, _AMOUNT_MAX)
    _check_amount("equity_percent", overrides.equity_percent, PERCENT_MAX)
    _check_amount("risk_percent", overrides.risk_percent, PERCENT_MAX)
    _check_leverage(overrides.leverage_max)


def check_name(name: str) -> None:
    """Raises InvalidInput unless `name` can be a source's: 1 to 60 printable characters, no '#'."""
    if not 0 < len(name) <= 60 or not name.isprintable() or "#" in name or name != name.strip():
        raise InvalidInput("bad_name", "name must be 1 to 60 printable characters without '#'", field="name")


def trade_label(source_id: int, name: str, *, is_own: bool) -> str:
    """The `source` of trades made from its signals: the name, for a foreign source with its id behind it."""
    return name if is_own else f"{name}#{source_id}"


def _check_amount(field: str, value: Decimal | None, most: Decimal) -> None:
    if value is not None and not (value.is_finite() and 0 < value <= most):
        raise InvalidInput("out_of_range", f"{field} must be above 0, and {most:f} at most", field=field)


def _check_leverage(value: int | None) -> None:
    most = max(LEVERAGE_MAX.values())
    if value is not None and not 1 <= value <= most:
        raise InvalidInput("out_of_range", f"leverage_max must be 1 to {most}", field="leverage_max")
