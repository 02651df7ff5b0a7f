"""Read signals with what one's own accounts decided, and cancel one's own."""

from collections.abc import Sequence

import msgspec

from services.coordination import doorbell
from services.db import decisions, signal_list, signals, sources
from services.db.decisions import Decision
from services.db.pool import Connection
from services.db.signal_list import SignalFilter
from services.db.signals import SignalView
from services.domain.errors import Conflict
from services.domain.signal import SignalStatus
from services.usecases.context import Services
from services.usecases.sources import Asking, readable_source
from services.usecases.trade_by_hand import no_such_signal, source_of

SOURCES_MAX = 1000
"""Over how many sources one list goes: one's own and the followed ones first."""


class DecidedSignal(SignalView, frozen=True, kw_only=True):
    """A signal with the decisions of the reader's accounts. `payload` is what was received, for its owner alone."""

    decisions: list[Decision]
    payload: str | None = None


class SignalsPage(msgspec.Struct, frozen=True):
    """Signals in order; `next` is where the next page starts, None at the end of the list."""

    signals: list[DecidedSignal]
    next: int | None


async def list_signals(
    services: Services, who: Asking, wanted: SignalFilter, limit: int, before: int | None
) -> SignalsPage:
    """At most `limit` of the wanted signals, newest first; of every source one may read where none is named."""
    async with services.pool.connection() as connection:
        if wanted.source_ids:
            for id_ in wanted.source_ids:
                await readable_source(connection, who, id_)
        else:
            ids = await sources.visible_ids(connection, who.user_id, who.account_ids, SOURCES_MAX)
            wanted = msgspec.structs.replace(wanted, source_ids=tuple(ids))
        page = await signal_list.page(connection, wanted, limit, before)
        return SignalsPage(await _decided(connection, who, page.ids), page.next)


async def read_signal(services: Services, who: Asking, signal_id: int) -> DecidedSignal:
    """One signal of a source that one may read."""
    async with services.pool.connection() as connection:
        found = await _decided(connection, who, [signal_id])
        if not found:
            raise no_such_signal(signal_id)
        source = await source_of(connection, who, found[0])
        if source.user_id != who.user_id:
            return found[0]
        payload = await signals.payload(connection, signal_id)
        told = None if payload is None else payload.decode(errors="backslashreplace")
        return msgspec.structs.replace(found[0], payload=told)


async def cancel_signal(services: Services, who: Asking, signal_id: int) -> DecidedSignal:
    """Have one's own ACTIVE signal traded no further. Trades that it made stay.

    Raises Conflict in any other state.
    """
    async with services.pool.connection() as connection:
        seen = (await signals.view(connection, [signal_id])).get(signal_id)
        if seen is None:
            raise no_such_signal(signal_id)
        await source_of(connection, who, seen, own=True)
        if not await signals.cancel(connection, signal_id):
            status = (await signals.view(connection, [signal_id]))[signal_id].status
            raise Conflict("signal_state", f"signal {signal_id} is {status}", field="id", numbers={"status": status})
        (cancelled,) = await _decided(connection, who, [signal_id])
        assert cancelled.status is SignalStatus.CANCELLED
        view = (await signals.view(connection, [signal_id]))[signal_id]
        streams = await sources.tell(connection, [(seen.source_id, "cancelled", view)])
    await doorbell.ring(services.redis, streams)
    return cancelled


async def _decided(connection: Connection, who: Asking, ids: Sequence[int]) -> list[DecidedSignal]:
    seen = await signals.view(connection, ids)
    decided = await decisions.of_signals(connection, list(ids), who.account_ids)
    return [
        DecidedSignal(**msgspec.structs.asdict(seen[id_]), decisions=decided.get(id_, [])) for id_ in ids if id_ in seen
    ]
