"""Receive what a webhook or a file brings: read it as an alert, and store it, readable or not."""

import hashlib
from collections.abc import Sequence

import msgspec

from services.db import sources
from services.domain.alert_text import Fields, read_body
from services.domain.alerts import read_alert
from services.domain.errors import NotFound, Refused
from services.domain.source import SourceSettings
from services.usecases.context import Services
from services.usecases.store_signals import Incoming, StoredSignal, store_signals

BODY_BYTES_MAX = 16 * 1024
"""What a webhook takes; alerts have a few hundred bytes."""


async def receive_alert(services: Services, source_id: int, body: bytes) -> StoredSignal:
    """Store the one alert in `body`. What cannot be read is stored too, REJECTED with the rule that it breaks."""
    assert len(body) <= BODY_BYTES_MAX
    settings = await settings_of(services, source_id)
    (stored,) = await store_signals(services, source_id, [meant(body, None, settings)])
    return stored


async def receive_rows(
    services: Services,
    source_id: int,
    rows: Sequence[tuple[bytes, Fields | Refused]],
    settings: SourceSettings,
    key: str | None = None,
) -> list[StoredSignal]:
    """Store rows of a file, each the bytes it came in and its named values, or why it has none.

    With the file's `key`, rows without one of their own are known again by what they say.
    """
    incoming = [meant(raw, told, settings) for raw, told in rows]
    if key is not None:
        incoming = [msgspec.structs.replace(each, key=each.key or _row_key(key, each.payload)) for each in incoming]
    return await store_signals(services, source_id, incoming)


def meant(raw: bytes, told: Fields | Refused | None, settings: SourceSettings) -> Incoming:
    """`raw` as something to store; where nobody has read it yet, it is read as the body of an alert."""
    if isinstance(told, Refused):
        return Incoming(raw, refused=told)
    try:
        alert = read_alert(read_body(raw) if told is None else told, settings)
    except Refused as refused:
        return Incoming(raw, refused=refused)
    return Incoming(raw, alert.signal, key=alert.key, before=alert.before)


def _row_key(key: str, row: bytes) -> str:
    return hashlib.sha256(key.encode() + b"\n" + row).hexdigest()


async def settings_of(services: Services, source_id: int) -> SourceSettings:
    """The settings of a source. Raises NotFound."""
    async with services.pool.connection() as connection:
        source = (await sources.load(connection, [source_id])).get(source_id)
    if source is None:
        raise NotFound("no_such_source", f"there is no source {source_id}", field="source")
    return source.settings
