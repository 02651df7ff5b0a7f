"""Examines the fleet itself: the exchange, ticks, processes, queues, lag, request weight, halts, strategies."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from services.binance.brackets import as_of
from services.binance.errors import Held
from services.coordination import proxies, quarantine
from services.coordination.task_queue import QUEUES
from services.db import books, brackets, last_backup, scans, slots
from services.domain.errors import InvalidData, Unavailable
from services.domain.finding import Finding, doubt, fine, wrong
from services.domain.market import Market
from services.settings import Settings
from services.usecases.context import Services
from services.usecases.examine_outlets import examine_outlets
from services.usecases.examine_servers import FULL
from services.usecases.fleet_state import FleetState, read_fleet
from services.usecases.read_lag import LATE_SECONDS, PairLag, read_lag

SKEW_SECONDS = 1.0
EXCHANGE_SECONDS = 4.0
QUEUE_OLD_SECONDS = 30.0
WEIGHT_SHARE_USED = 0.9
PAIRS_LOOKED_AT = 200
BRACKETS_OLD = timedelta(days=365)
BACKUP_OLD_SECONDS = 2 * 86400.0


def intervals_of_prices(settings: Settings) -> dict[str, timedelta]:
    """The jobs without which no price comes, for who does not know all of them."""
    sweep = timedelta(seconds=float(settings.sweep_seconds))
    return {"cycle": settings.cycle_interval, **{f"sweep {market}": sweep for market in Market}}


async def examine_fleet(services: Services, intervals: Mapping[str, timedelta]) -> list[Finding]:
    """What keeps the fleet from its work. `intervals` are those of the scheduled jobs, by name."""
    state = await read_fleet(services)
    found = [*_halts(state), *await _ticks(services, intervals), await _books(services), await _backup(services)]
    found += [await _brackets(services), *await examine_outlets(services), await _strategies(services)]
    if state.redis is None:
        return found  # without Redis nothing of the rest can be known, and no request may leave
    return [
        *found,
        *_processes(state),
        _pools(state),
        *_queues(state),
        await _proxies(services),
        *await _prices(services),
        *await asyncio.gather(*(_exchange(services, market) for market in Market)),
        *await _weight(services),
        *await _lag(services),
    ]


def _halts(state: FleetState) -> Iterator[Finding]:
    for halt in state.halts:
        since = f"{halt.since:%Y-%m-%d %H:%M} UTC"
        yield doubt("halts", f"{halt.what} since {since} by {halt.by_whom}: {halt.reason}", "run `paperfleet resume`")


async def _ticks(services: Services, intervals: Mapping[str, timedelta]) -> list[Finding]:
    async with services.pool.connection() as connection:
        states = {state.job: state for state in await slots.states(connection)}
    late = []
    for job, interval in intervals.items():
        age = states[job].age if job in states else None
        if age is None or age > 2 * interval + timedelta(seconds=10):
            late.append(job)
    if late:
        text = f"no tick in two intervals of {', '.join(late)}"
        return [
            wrong("scheduler", text, "start `paperfleet scheduler`, any number may run; its log says what stops it")
        ]
    return [fine("scheduler", f"{len(intervals)} jobs tick")]


async def _books(services: Services) -> Finding:
    async with services.pool.connection() as connection:
        kept = await books.last(connection)
    if kept.differences:
        text = f"{', '.join(kept.differences)} differ, as of {kept.reconciled_at:%Y-%m-%d %H:%M} UTC"
        return wrong("books", text, "`paperfleet reconcile` tells the rows: docs/runbook.md#books-differ")
    return fine("books", "not looked at yet" if kept.reconciled_at is None else "in order when last looked at")


async def _backup(services: Services) -> Finding:
    """How old the last backup is. That there is none is no fault: somebody else may make them, unseen from here."""
    async with services.pool.connection() as connection:
        last = await last_backup.read(connection)
    if last is None:
        others = "those of others, as of a managed database, are not seen"
        return fine("backup", f"none yet: `paperfleet backup FOLDER --keep 14` makes one; {others}")
    text = f"of {last.made_at:%Y-%m-%d %H:%M} UTC, {last.age_seconds / 3600:,.0f} h old, {last.size_bytes:,} bytes"
    if last.age_seconds > BACKUP_OLD_SECONDS:
        mend = (
            "make one by `paperfleet backup`, then see what keeps the next from being made: docs/runbook.md#backup-old"
        )
        return doubt("backup", text, mend)
    return fine("backup", text)


async def _brackets(services: Services) -> Finding:
    """How old the maintenance brackets are by which futures are liquidated."""
    async with services.pool.connection() as connection:
        count, brought = await brackets.brought_at(connection)
    text = f"the shipped table of {as_of()}"
    if brought is not None:
        text += f"; {count} contracts replaced, at {brought:%Y-%m-%d} or later"
    newest = brought.date() if brought else date.fromisoformat(as_of())
    if datetime.now(UTC).date() - newest > BRACKETS_OLD:
        mend = "save the exchange's answer and bring it by `paperfleet brackets FILE`: docs/futures.md"
        return doubt("brackets", text, mend)
    return fine("brackets", text)


async def _strategies(services: Services) -> Finding:
    async with services.pool.connection() as connection:
        disabled = await scans.disabled(connection)
    if disabled:
        text = "; ".join(f"{each.strategy} is switched off: {each.reason}" for each in disabled)
        return doubt("strategies", text, "mend them, then `paperfleet strategies --enable NAME`")
    return fine("strategies", "none is switched off")


def _processes(state: FleetState) -> Iterator[Finding]:
    kinds = [process.kind for process in state.processes]
    for kind in ("scheduler", "worker", "api"):
        if kind in kinds:
            yield fine(f"{kind}s", f"{kinds.count(kind)} alive")
        else:
            yield wrong(f"{kind}s", "none has told that it lives for 16 s", f"start `paperfleet {kind}`")
    served = {queue for process in state.processes for queue in process.queues}
    if "worker" in kinds and (unserved := [queue for queue in QUEUES if queue not in served]):
        names = ", ".join(unserved)
        yield wrong("queues_served", f"no worker serves {names}", f"start `paperfleet worker --queues {unserved[0]}`")


def _pools(state: FleetState) -> Finding:
    """What the living processes may hold together, beside what PostgreSQL gives: a crash minute asks for all of it."""
    held, most = sum(process.connections for process in state.processes), state.postgres.connections_max
    text = f"{len(state.processes)} processes may hold {held} connections of {most}"
    if held > FULL * most:
        mend = "raise max_connections or lower PAPERFLEET_POOL_SIZE; behind a pooler its own limit counts instead"
        return doubt("pools", text, mend)
    return fine("pools", text)


def _queues(state: FleetState) -> Iterator[Finding]:
    dead = {each.queue: each.dead for each in state.queues if each.dead}
    if dead:
        text = ", ".join(f"{count} in {queue}" for queue, count in dead.items())
        yield doubt("dead_letters", text, "look at them with `paperfleet queues`, then --retry or --drop")
    else:
        yield fine("dead_letters", "none")
    old = [each for each in state.queues if (each.oldest_seconds or 0) > QUEUE_OLD_SECONDS]
    if old:
        text = ", ".join(f"{each.queue} for {each.oldest_seconds:,.0f} s" for each in old)
        yield doubt("queues", f"messages wait in {text}", "run more workers of these queues")
    else:
        yield fine("queues", "nothing waits long")
    if state.quarantined_messages:
        text = f"{state.quarantined_messages} messages were put aside unrun"
        yield doubt("quarantine", text, "`paperfleet queues` says why; then --clear-quarantine")


async def _proxies(services: Services) -> Finding:
    peer = await proxies.told(services.redis)
    if peer is None:
        return fine("proxies", "nobody but trusted ones told of others' addresses within the hour")
    text = (
        f"X-Forwarded-* came from {peer} and is not believed: if that is your proxy, all its users are one address to "
        "limits and to the door that shuts after wrong passwords, and their cookies lack Secure"
    )
    return doubt("proxies", text, f"name your proxy in PAPERFLEET_TRUSTED_PROXIES ({peer}), restart the API")


async def _prices(services: Services) -> list[Finding]:
    suspects = await quarantine.listed(services.redis)
    if not suspects:
        return []
    mend = "wait a minute; or `paperfleet system prices believe KEY`"
    return [doubt("quarantined_prices", ", ".join(suspects[:5]), mend)]


async def _exchange(services: Services, market: Market) -> Finding:
    name = f"exchange_{market.lower()}"
    begun = time.time()
    try:
        async with asyncio.timeout(EXCHANGE_SECONDS):
            told = (await services.exchange.server_time(market)).timestamp()
    except Held as error:
        if (await services.weight.usage(market)).paused_seconds > 0:
            return wrong(name, f"not asked: {error}", f"see `weight_{market.lower()}`")
        return doubt(name, f"not asked: {error}, the weight of this minute is used up", "ask again in a minute")
    except (Unavailable, InvalidData, TimeoutError) as error:
        mend = "look at DNS, proxy, firewall and PAPERFLEET_*_URL; `weight` tells whether the exchange refuses you"
        return wrong(name, f"cannot be asked: {str(error) or 'it does not answer'}", mend)
    took = time.time() - begun
    if services.settings.market_speed != 1:
        return fine(name, f"answers in {took * 1000:.0f} ms, at {services.settings.market_speed} times the speed")
    skew = max(begun - told, told - (begun + took), 0.0) * (1 if begun > told else -1)
    if abs(skew) > SKEW_SECONDS:
        mend = "let NTP set this machine's clock; trades are judged by the exchange's, people see both"
        return doubt(name, f"this machine's clock is {skew:+.1f} s beside its own", mend)
    return fine(name, f"answers in {took * 1000:.0f} ms, clocks agree")


async def _weight(services: Services) -> list[Finding]:
    found = []
    for market in Market:
        usage, name = await services.weight.usage(market), f"weight_{market.lower()}"
        text = f"{usage.used} of {usage.limit} used"
        if usage.paused_seconds > 0:
            text = f"paused for {usage.paused_seconds:.0f} s: {usage.reason}"
            found.append(wrong(name, text, "wait; never restart to get around it: docs/runbook.md#market-paused"))
        elif usage.used > WEIGHT_SHARE_USED * usage.limit:
            mend = "raise PAPERFLEET_WEIGHT_SHARE or PAPERFLEET_SWEEP_SECONDS: docs/runbook.md#weight-high"
            found.append(doubt(name, text, mend))
        else:
            found.append(fine(name, text))
    return found


async def _lag(services: Services) -> list[Finding]:
    pairs = await read_lag(services, PAIRS_LOOKED_AT)
    if not pairs:
        return [
            wrong(
                "lag", "no pair is followed", "the listing has not come: see the exchange and the queue `maintenance`"
            )
        ]
    known = [(pair.seconds, pair) for pair in pairs if pair.seconds is not None]
    late = [each for each in known if each[0] > LATE_SECONDS and each[1].reason not in ("halted", "in_time")]
    if late:
        reason = late[0][1].reason
        return [wrong("lag", _late(late), f"docs/runbook.md#lag, {reason}; `paperfleet lag` tells each pair")]
    if timeless := sorted({pair.market_type for pair in pairs if pair.seconds is None}):
        text = f"not known: the exchange does not tell its time of {', '.join(timeless)}"
        return [doubt("lag", text, "see the exchange; `paperfleet lag` tells how far each pair is judged")]
    return [fine("lag", f"{known[0][0]:,.0f} s at most among pairs that trade")]


def _late(late: list[tuple[float, PairLag]]) -> str:
    seconds, first = late[0]
    name = f"{first.market_type} {first.symbol}"
    return f"{len(late)} pairs are late, {name} by {seconds:,.0f} s: {first.reason} {first.text}".rstrip()
