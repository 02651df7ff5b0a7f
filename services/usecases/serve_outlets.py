"""Serve webhooks and notification targets: take their events over from the streams, send, write down what came of it.

Order: an outlet gets one message at a time, in the order of each stream. While it cannot be reached (no answer, 5xx,
429, a redirect ...) nothing overtakes: the oldest message is tried again, ever less often. A message that a working
outlet refuses (400, 413, 422 ...) comes again by its own clock and lets others pass.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

import msgspec
import structlog

from services.coordination import doorbell
from services.db import accounts, attempts, clock, modes, outbox
from services.db.attempts import Attempt
from services.db.outbox import Due
from services.db.outlets import Outlet, OutletKind
from services.db.pool import Connection
from services.domain.outlets import DEAD_AFTER, DISABLED_AFTER, delay, wanted
from services.hooks.client import Answer
from services.hooks.signature import signed_headers
from services.usecases.context import Services
from services.usecases.hand_over import hand_overs
from services.usecases.notices import digest, notice
from services.usecases.outgoing import facts_of, message_of
from services.usecases.switch_mode import expire_modes, tell_ended

SETTLE_SECONDS = 0.5
"""Quick endpoints are done by then; what is slower goes on by itself."""
TURN_SECONDS = 20.0
"""An outlet with more to do than that gives its place back for a moment."""
READ_EVENTS = 200
DIGEST_MAX = 10
"""So many waiting notifications make one message."""

REFUSES_MESSAGE = frozenset(range(400, 500)) - {401, 403, 404, 405, 407, 408, 410, 421, 425, 426, 429}
GONE = 410

log = structlog.get_logger(__name__)


class Verdict(Enum):
    """What an answer says about the outlet and the message."""

    TAKEN = "taken"
    MESSAGE_REFUSED = "message refused"
    UNREACHED = "unreached"
    GONE = "gone"


async def serve_outlets(services: Services) -> int:
    """Begin serving the outlets that have something to do, as many as there is room for; how many were begun."""
    errands = services.errands
    await expire_modes(services)
    if not errands.free:
        return 0
    async with services.pool.connection() as connection:
        leased = await outbox.lease(connection, errands.name, errands.free, errands.keys)
    for outlet_id in leased:
        errands.start(outlet_id, _serve(services, outlet_id))
    await errands.settle(SETTLE_SECONDS)
    return len(leased)


async def _serve(services: Services, outlet_id: int) -> None:
    """Send what is due for one outlet, until there is nothing more or its turn is over."""
    name, ends = services.errands.name, time.monotonic() + TURN_SECONDS
    try:
        await _take_over(services, outlet_id)
        while time.monotonic() < ends:
            async with services.pool.connection() as connection:
                outlet = await outbox.held(connection, outlet_id, name)
                batch = [] if outlet is None else await _next(connection, outlet)
            if outlet is None:
                break
            if not batch and not await _take_over(services, outlet_id):
                break
            if batch and not await _send(services, outlet, batch):
                break
    finally:
        async with services.pool.connection() as connection:
            await outbox.release(connection, outlet_id, name)


async def _take_over(services: Services, outlet_id: int) -> int:
    """Turn the next events of the outlet's streams into deliveries; how many events were read."""
    async with services.pool.connection() as connection:
        outlet = await outbox.held(connection, outlet_id, services.errands.name)
        if outlet is None:
            return 0
        await outbox.follow(connection, outlet_id)
        read = await outbox.read_on(connection, outlet_id, READ_EVENTS)
        messages = []
        for event in read:
            facts = facts_of(event)
            if facts is not None and wanted(outlet.rules, facts):
                messages.append(message_of(event))
        messages += await hand_overs(connection, outlet_id, read)
        await outbox.take_over(connection, outlet_id, read, messages)
    return len(read)


async def _next(connection: Connection, outlet: Outlet) -> list[Due]:
    """What is to be sent now: one message to a webhook, a handful to people. Stale ones are set aside."""
    limit = DIGEST_MAX if outlet.kind is OutletKind.NOTIFICATION else 1
    while True:
        due = await outbox.due(connection, outlet.id, limit)
        stale = [each.id for each in due if each.is_stale]
        if stale:
            await attempts.bury(connection, outlet.id, stale, "not sent: it was too late, or the account not live")
            continue
        if due and outlet.quiet_hours is not None:
            until = outlet.quiet_hours.until(await clock.transaction_time(connection))
            if until is not None:
                await attempts.postpone(connection, [each.id for each in due], until)
                continue
        return due


async def _send(services: Services, outlet: Outlet, batch: list[Due]) -> bool:
    """Send one message, or a digest of several, and write down what came of it; whether to go on."""
    if outlet.kind is OutletKind.WEBHOOK:
        (message,) = batch
        headers = signed_headers(message.message_id, now := datetime.now(UTC), message.body, outlet.signing(now))
        answer = await services.hooks.post(outlet.url, message.body, headers)
    else:
        answer = await _notify(services, outlet, batch)
    verdict = judge(answer)
    await _write_down(services, outlet, batch, answer, verdict)
    return verdict in (Verdict.TAKEN, Verdict.MESSAGE_REFUSED)


async def _notify(services: Services, outlet: Outlet, batch: list[Due]) -> Answer:
    told = []
    for message in batch:
        data = msgspec.json.decode(message.body)["data"]
        type_, _, action = message.type.partition(".")
        told.append(notice(type_, action, data))
    text = digest(told)
    return await services.notifier.send(outlet.url, text.title, text.body)


def judge(answer: Answer) -> Verdict:
    """What `answer` says."""
    if answer.is_success:
        return Verdict.TAKEN
    if answer.status == GONE:
        return Verdict.GONE
    return Verdict.MESSAGE_REFUSED if answer.status in REFUSES_MESSAGE else Verdict.UNREACHED


async def _write_down(services: Services, outlet: Outlet, batch: list[Due], answer: Answer, verdict: Verdict) -> None:
    ids = [each.id for each in batch]
    attempt = Attempt(status=answer.status, error=answer.error, milliseconds=answer.milliseconds)
    streams: list[str] = []
    async with services.pool.connection() as connection:
        if verdict is Verdict.TAKEN:
            await attempts.delivered(connection, outlet.id, ids, attempt)
            return
        tried = max(each.attempts for each in batch) + 1
        if verdict is Verdict.MESSAGE_REFUSED:
            await attempts.refused(connection, outlet.id, ids, attempt, delay(tried, _die()))
        else:
            pause = max(delay(outlet.failures + 1, _die()), timedelta(seconds=answer.retry_after))
            failing_for = await attempts.unreached(connection, outlet.id, ids, attempt, pause)
            reason = _too_much(verdict, failing_for)
            if reason:
                await attempts.disable(connection, outlet.id, reason)
                streams = await _tell(connection, outlet, reason)
        old = [each.id for each in batch if await _is_too_old(connection, each)]
        if old and not streams:
            await attempts.bury(connection, outlet.id, old)
    log.warning("not_delivered", outlet=outlet.id, verdict=verdict.value, error=answer.error, tried=tried)
    await doorbell.ring(services.redis, streams)


def _too_much(verdict: Verdict, failing_for: timedelta) -> str:
    """Why the outlet is to be switched off now; empty if it is not."""
    if verdict is Verdict.GONE:
        return "the endpoint answered 410 Gone"
    return f"nothing could be delivered for {DISABLED_AFTER.days} days" if failing_for >= DISABLED_AFTER else ""


async def _is_too_old(connection: Connection, message: Due) -> bool:
    if message.first_attempt_at is None:
        return False
    return await clock.transaction_time(connection) - message.first_attempt_at >= DEAD_AFTER


async def _tell(connection: Connection, outlet: Outlet, reason: str) -> list[str]:
    """Tell the owner that an outlet was switched off, in a stream that they and their other outlets follow.

    Accounts that were live by it are back to paper.
    """
    ended = await modes.end_by_outlet(connection, outlet.id, "its webhook was switched off", None)
    streams = await tell_ended(connection, ended, "its webhook was switched off")
    account_id = await accounts.first(connection, outlet.user_id)
    if account_id is None:
        return streams
    about = {"outlet_id": outlet.id, "kind": outlet.kind, "description": outlet.description, "reason": reason}
    payload = msgspec.json.encode({"type": "system", "action": "outlet_disabled", **about})
    return [*streams, await accounts.announce(connection, account_id, "outlet_disabled", payload, type_="system")]


def _die() -> Decimal:
    return Decimal(random.randrange(1000)) / 1000
