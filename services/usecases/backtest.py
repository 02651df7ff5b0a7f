"""Would a strategy have made money? The scanner's strategy and the live evaluation over recorded candles.

Each signal becomes a trade at the market, at the open of the first minute after its candle has closed. Trades do not
know of one another: no balance or limit keeps one from being opened.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from services.domain.candles import Timeframe
from services.domain.errors import PaperfleetError
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.plan import EntryType
from services.domain.scan import ScanSignal
from services.scanner.look import look_at_all
from services.scanner.registry import AnyStrategy
from services.usecases.recorded_candles import chosen, read_candles, sources
from services.usecases.replay_plans import PlanLine
from services.usecases.replay_recording import UNREADABLE, futures_terms, open_folder
from services.usecases.trial import Progress, Summary, Trial, one_at_a_time, run_trial, summarize

ALWAYS = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)


class BacktestError(PaperfleetError):
    """The backtest could not run: folder, pairs or strategy are not usable. The message says what to do."""


class BacktestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a strategy is tried.

    pairs            BTCUSDT or FUTURES:BTCUSDT; empty: every one recorded
    since, until     signals of candles that closed in [since, until); earlier candles only warm the averages up
    position_size    margin of each trade, USDT
    leverage         of trades on futures; spot has none
    capital          USDT that the figures stand on
    is_single        no trade on a pair while an earlier one on it is open
    """

    timeframe: Timeframe = Timeframe.H1
    pairs: frozenset[str] = frozenset()
    since: datetime = ALWAYS
    until: datetime = FOREVER
    position_size: Decimal = Decimal(100)
    leverage: int = 1
    capital: Decimal = Decimal(10_000)
    fill_model: FillModel = FillModel.REALISTIC
    is_single: bool = False


class Backtest(msgspec.Struct, frozen=True):
    """What came of it: the pairs and candles looked at, signals by the id of their plan, trades and figures.

    `terms` tell by what futures were judged, and what is not recorded of them.
    """

    strategy: str
    options: BacktestOptions
    pairs: int
    candles: int
    first: datetime | None
    last: datetime | None
    signals: dict[str, ScanSignal]
    trial: Trial
    summary: Summary
    terms: tuple[str, ...] = ()


def backtest(
    data: Path, strategy: AnyStrategy, options: BacktestOptions, looked: Progress, tried: Progress
) -> Backtest:
    """Try `strategy` over the recording in `data`. `looked` hears of pairs, `tried` of trades: done, and of how many.

    Raises BacktestError for what cannot be used.
    """
    try:
        recordings = open_folder(data)
        found = chosen(sources(data, options.timeframe), set(options.pairs))
    except UNREADABLE as error:
        raise BacktestError(str(error)) from error
    signals: dict[str, ScanSignal] = {}
    candles, times, problems = 0, list[datetime](), list[str]()
    for number, (key, source) in enumerate(sorted(found.items()), start=1):
        try:
            series = read_candles(source, options.timeframe)
        except UNREADABLE as error:
            problems.append(f"{key[0]} {key[1]}: {error}")
            continue
        candles += len(series)
        if len(series):
            times += [series.time(0), series.time(-1) + options.timeframe.length]
        try:
            seen = list(look_at_all(strategy, recordings[key].instrument, options.timeframe, series))
        except Exception as error:
            raise BacktestError(f"{strategy.name} raised {type(error).__name__}: {error} (at {key[1]})") from error
        signals |= {each.key: each for each in seen if options.since <= each.closed_at < options.until}
        looked(number, len(found))
    trial = run_trial(recordings, list(_plans(signals, options)), options.fill_model, tried)
    trial = msgspec.structs.replace(trial, problems=(*problems, *trial.problems))
    if options.is_single:
        trial = one_at_a_time(trial)
    return Backtest(
        strategy=strategy.name,
        options=options,
        pairs=len(found),
        candles=candles,
        first=min(times, default=None),
        last=max(times, default=None),
        signals=signals,
        trial=trial,
        summary=summarize(trial, options.capital),
        terms=futures_terms(data, [recordings[key] for key in found]),
    )


def _plans(signals: dict[str, ScanSignal], options: BacktestOptions) -> Iterator[PlanLine]:
    for key, signal in signals.items():
        yield plan_of(key, signal, options.position_size, options.leverage)


def plan_of(key: str, signal: ScanSignal, position_size: Decimal, leverage: int) -> PlanLine:
    """The trade that a signal asks for, as a line of a replay."""
    market = signal.instrument.market
    return PlanLine(
        id=key,
        market_type=market,
        symbol=signal.instrument.symbol,
        direction=signal.direction,
        entry_type=EntryType.MARKET,
        stop_loss=signal.stop_loss,
        take_profits=signal.targets,
        position_size=position_size,
        leverage=1 if market is Market.SPOT else leverage,
        opened_at=signal.closed_at,
    )
