"""Try an outlet at once: a test message, and the challenge that proves a webhook's endpoint wants our messages."""

import secrets
from datetime import UTC, datetime

import msgspec

from services.db import outlets
from services.db.outlets import Outlet, OutletKind
from services.domain.errors import Conflict
from services.domain.malformed import MALFORMED
from services.hooks.client import Answer
from services.hooks.signature import signed_headers
from services.usecases.context import Services
from services.usecases.manage_outlets import found, read_outlet
from services.usecases.notices import Notice


class Trial(msgspec.Struct, frozen=True):
    """What came of it. `status_code` is null when there was no answer; the answer's body is not shown."""

    delivered: bool
    status_code: int | None
    error: str
    milliseconds: int


class _Repeated(msgspec.Struct):
    challenge: str


async def try_outlet(services: Services, user_id: int, kind: OutletKind, outlet_id: int) -> Trial:
    """Send a test message now, once. Raises NotFound."""
    outlet = await read_outlet(services, user_id, kind, outlet_id)
    if kind is OutletKind.WEBHOOK:
        answer = await _post(services, outlet, "webhook.test", {"text": "This is a test of your webhook."})
    else:
        text = Notice("paperfleet: a test", "Notifications arrive here.")
        answer = await services.notifier.send(outlet.url, text.title, text.body)
    return Trial(answer.is_success, answer.status, answer.error, answer.milliseconds)


async def verify_webhook(services: Services, user_id: int, outlet_id: int) -> Outlet:
    """Mark the webhook as verified, if its endpoint answers a challenge with the challenge.

    Raises NotFound, or Conflict with what came instead.
    """
    outlet = await read_outlet(services, user_id, OutletKind.WEBHOOK, outlet_id)
    challenge = secrets.token_urlsafe(32)
    answer = await _post(services, outlet, "webhook.verify", {"challenge": challenge})
    if not answer.is_success:
        raise Conflict("not_verified", f"the endpoint did not answer the challenge: {answer.error}", field="url")
    if not _repeats(answer.body, challenge):
        raise Conflict("not_verified", "the endpoint's answer does not repeat the challenge", field="url")
    async with services.pool.connection() as connection:
        now = await found(connection, user_id, OutletKind.WEBHOOK, outlet_id, lock=True)
        if now.url != outlet.url:
            raise Conflict("not_verified", "the URL was changed meanwhile", field="url")
        await outlets.store(connection, msgspec.structs.replace(now, verified_at=datetime.now(UTC)))
        return await found(connection, user_id, OutletKind.WEBHOOK, outlet_id)


async def _post(services: Services, outlet: Outlet, type_: str, data: dict[str, str]) -> Answer:
    now = datetime.now(UTC)
    body = msgspec.json.encode({"type": type_, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": data})
    headers = signed_headers(f"try_{secrets.token_hex(12)}", now, body.decode(), outlet.signing(now))
    return await services.hooks.post(outlet.url, body.decode(), headers)


def _repeats(body: bytes, challenge: str) -> bool:
    """Whether the answer is the challenge, as plain text or as {"challenge": ...}."""
    text = body.decode(errors="replace").strip()
    if text.startswith("{"):
        try:
            return msgspec.json.decode(text, type=_Repeated).challenge == challenge
        except MALFORMED:
            return False
    return text == challenge
