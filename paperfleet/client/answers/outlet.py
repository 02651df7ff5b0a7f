"""Outgoing webhooks and notification targets, their rules, and what became of each delivery."""

from datetime import datetime, time
from decimal import Decimal

import msgspec


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted; what is empty or None does not narrow. Minima are USDT won or lost, positive."""

    events: tuple[str, ...] = ()
    account_ids: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    minimum_profit: Decimal | None = None
    minimum_loss: Decimal | None = None


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """Every day from `start` to `end` by the clocks of `time_zone`; over midnight where the end is the earlier."""

    start: time
    end: time
    time_zone: str = "UTC"


class _Outlet(msgspec.Struct, frozen=True, kw_only=True):
    """How an outlet is doing; `failing_since` is None while it works, `waiting` and `dead` count deliveries."""

    id: int
    description: str
    rules: tuple[Rule, ...]
    quiet_hours: QuietHours | None
    enabled: bool
    disabled_reason: str
    failures: int
    failing_since: datetime | None
    retry_at: datetime | None
    waiting: int
    dead: int
    delivered_total: int
    created_at: datetime
    updated_at: datetime


class Webhook(_Outlet, frozen=True, kw_only=True):
    """An outgoing webhook; two_signatures_until is set for a day after its secret was rotated."""

    url: str
    verified_at: datetime | None
    two_signatures_until: datetime | None


class WebhookSecret(msgspec.Struct, frozen=True):
    """A webhook and its signing secret, which is told this once: None when the same call was made before."""

    webhook: Webhook
    secret: str | None


class Target(_Outlet, frozen=True, kw_only=True):
    """A notification target; of its URL only the service is told, for the rest may be a token."""

    service: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one outlet: `waiting`, `delivered` or `dead`. `message_id` is the same at every attempt."""

    id: int
    message_id: str
    stream: str
    sequence: int
    type: str
    state: str
    attempts: int
    created_at: datetime
    first_attempt_at: datetime | None
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    expires_at: datetime | None
    status_code: int | None
    error: str
    milliseconds: int | None


class Trial(msgspec.Struct, frozen=True):
    """What came of a test; `status_code` is None when there was no answer."""

    delivered: bool
    status_code: int | None
    error: str
    milliseconds: int


class Affected(msgspec.Struct, frozen=True):
    """How many deliveries it concerned."""

    deliveries: int
