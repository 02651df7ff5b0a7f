"""The strategies of this process, as the settings want them; and those that the fleet has disabled."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec
import structlog

from services.coordination import doorbell
from services.db import audit, market_events, scans
from services.db.scans import Disabled
from services.scanner.registry import AnyStrategy, Registry, StrategyProblem, load
from services.settings import Settings, listed
from services.usecases.context import Services

log = structlog.get_logger(__name__)


class StrategyList(msgspec.Struct, frozen=True):
    """Those that run, those that the fleet has disabled, and what could not be loaded."""

    strategies: dict[str, AnyStrategy]
    disabled: list[Disabled]
    problems: tuple[StrategyProblem, ...]


def configured_strategies(settings: Settings) -> Registry:
    """Every strategy that the settings ask for; loaded once a process, problems are told in its log."""
    return _load(settings.strategies_folder, settings.scan_strategies, settings.scan_parameters)


@lru_cache(maxsize=4)
def _load(folder: str, names: str, parameters: str) -> Registry:
    decoded = msgspec.json.decode(parameters, type=dict[str, dict[str, object]])
    registry = load(Path(folder) if folder else None, listed(names), decoded)
    for problem in registry.problems:
        log.error("strategy_left_out", strategy=problem.name, reason=problem.reason)
    return registry


async def list_strategies(services: Services) -> StrategyList:
    """What there is, and what became of it."""
    registry = configured_strategies(services.settings)
    async with services.pool.connection() as connection:
        disabled = await scans.disabled(connection)
    names = {each.strategy for each in disabled}
    running = {name: each for name, each in registry.strategies.items() if name not in names}
    return StrategyList(running, disabled, registry.problems)


async def disable_strategies(services: Services, failures: Mapping[str, str]) -> None:
    """Stop strategies in the whole fleet, each with its reason: told once, in the log and on the stream `market`."""
    async with services.pool.connection() as connection:
        stopped = await scans.disable(connection, failures)
        await market_events.append(
            connection,
            [
                ("system", "strategy_disabled", {"strategy": name, "reason": failures[name][: scans.REASON_MAX]})
                for name in stopped
            ],
        )
    for name in stopped:
        log.error("strategy_disabled", strategy=name, reason=failures[name])
    if stopped:
        await doorbell.ring(services.redis, [market_events.STREAM])


async def enable_strategy(services: Services, name: str) -> bool:
    """Let a disabled strategy run again from the next scan on; False if it was not disabled."""
    async with services.pool.connection() as connection:
        reason = await scans.enable(connection, name)
        if reason is None:
            return False
        await audit.note(connection, "enable", "strategies", name, before={"disabled_for": reason})
        await market_events.append(connection, [("system", "strategy_enabled", {"strategy": name})])
    await doorbell.ring(services.redis, [market_events.STREAM])
    return True
