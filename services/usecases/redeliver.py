"""Deliveries of an outlet: listed, sent again one by one or by range, forgotten."""

import msgspec

from services.db import audit, delivery_list, outbox
from services.db.delivery_list import Delivery, DeliveryState
from services.db.outbox import NewDelivery
from services.db.outlets import Outlet, OutletKind
from services.db.pool import Connection
from services.domain.errors import InvalidInput
from services.domain.outlets import wanted
from services.usecases.context import Services
from services.usecases.manage_outlets import found
from services.usecases.once import once
from services.usecases.outgoing import facts_of, message_of

IDS_MAX = 200
RANGE_MAX = 1000
NOTED_MAX = 1000
"""So many of the messages that are forgotten stay named in the audit log."""


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send again: `delivery_ids`, or `all_dead`, or the events of a `stream` by their `sequence` numbers."""

    delivery_ids: tuple[int, ...] | None = None
    all_dead: bool = False
    stream: str | None = None
    from_sequence: int | None = None
    to_sequence: int | None = None


class Drop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to forget: waiting or dead deliveries by id, or `all_dead`."""

    delivery_ids: tuple[int, ...] | None = None
    all_dead: bool = False


class Affected(msgspec.Struct, frozen=True):
    """How many deliveries it concerned."""

    deliveries: int


async def list_deliveries(
    services: Services,
    user_id: int,
    kind: OutletKind,
    outlet_id: int,
    state: DeliveryState | None,
    limit: int,
    before: int | None,
) -> tuple[list[Delivery], int | None]:
    """At most `limit` deliveries, newest first, and where the next page starts. Raises NotFound."""
    async with services.pool.connection() as connection:
        await found(connection, user_id, kind, outlet_id)
        page = await delivery_list.page(connection, outlet_id, state, limit + 1, before)
    return page[:limit], page[limit - 1].id if len(page) > limit else None


async def replay(
    services: Services, user_id: int, kind: OutletKind, outlet_id: int, wish: Replay, key: str | None = None
) -> Affected:
    """Have messages sent again under their old ids; a range sends what the rules want, sent before or not.

    With an Idempotency-Key, once. Raises NotFound, Conflict, or InvalidInput naming the field.
    """
    by_range = (wish.stream, wish.from_sequence, wish.to_sequence)
    if [wish.delivery_ids is not None, wish.all_dead, any(each is not None for each in by_range)].count(True) != 1:
        raise InvalidInput("what_to_replay", "give one of delivery_ids, all_dead, or stream with from and to")
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            outlet = await found(connection, user_id, kind, outlet_id, lock=True)
            affected = Affected(await _sent_again(connection, outlet, wish))
            await _note(connection, "replay", outlet_id, wish, affected)
            return msgspec.json.encode(affected)

        done = await once(connection, f"replay:{user_id}:{outlet_id}", key, wish, work)
    return msgspec.json.decode(done.body, type=Affected)


async def _sent_again(connection: Connection, outlet: Outlet, wish: Replay) -> int:
    """How many deliveries the wish makes or revives."""
    messages, revived = list[NewDelivery](), 0
    if wish.all_dead:
        revived = await delivery_list.revive(connection, outlet.id, None)
    elif wish.delivery_ids is not None:
        ids = _checked(wish.delivery_ids)
        revived = await delivery_list.revive(connection, outlet.id, ids)
        messages = [message_of(event) for event in await delivery_list.delivered_events(connection, outlet.id, ids)]
    else:
        wanted_range = _range(wish.stream, wish.from_sequence, wish.to_sequence)
        events = await delivery_list.events_between(connection, outlet.id, *wanted_range)
        facts = [(event, facts_of(event)) for event in events]
        messages = [message_of(event) for event, about in facts if about and wanted(outlet.rules, about)]
    return revived + (await outbox.add(connection, outlet.id, messages) if messages else 0)


async def drop(services: Services, user_id: int, kind: OutletKind, outlet_id: int, wish: Drop) -> Affected:
    """Forget deliveries that have not been made. Raises NotFound, or InvalidInput naming the field."""
    if (wish.delivery_ids is None) != wish.all_dead:
        raise InvalidInput("what_to_drop", "give one of delivery_ids and all_dead", field="delivery_ids")
    ids = None if wish.delivery_ids is None else _checked(wish.delivery_ids)
    async with services.pool.connection() as connection:
        await found(connection, user_id, kind, outlet_id, lock=True)
        dropped = await delivery_list.drop(connection, outlet_id, ids)
        affected = Affected(len(dropped))
        await _note(connection, "delete", outlet_id, wish, affected, {"message_ids": dropped[:NOTED_MAX]})
        return affected


async def _note(
    connection: Connection, action: str, outlet_id: int, wish: Replay | Drop, affected: Affected, before: object = None
) -> None:
    """One row of the audit log for all deliveries of an outlet that it concerned, not one for each."""
    told = {**msgspec.structs.asdict(wish), **msgspec.structs.asdict(affected)}
    await audit.note(connection, action, "deliveries", str(outlet_id), before=before, after=told)


def _checked(ids: tuple[int, ...]) -> tuple[int, ...]:
    if not 0 < len(ids) <= IDS_MAX or not all(0 < id_ < 2**63 for id_ in ids):
        raise InvalidInput("bad_delivery_ids", f"delivery_ids must be 1 to {IDS_MAX} ids", field="delivery_ids")
    return ids


def _range(stream: str | None, first: int | None, last: int | None) -> tuple[str, int, int]:
    if stream is None or first is None or last is None:
        raise InvalidInput("what_to_replay", "a range needs stream, from_sequence and to_sequence", field="stream")
    if not (0 < first <= last < 2**63 and last - first < RANGE_MAX):
        raise InvalidInput(
            "bad_range", f"from_sequence to to_sequence must be 1 to {RANGE_MAX} events", field="to_sequence"
        )
    if not stream.isascii() or not stream.isalnum():
        raise InvalidInput("unknown_stream", "this outlet follows no such stream", field="stream")
    return stream, first, last
