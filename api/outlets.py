"""What webhooks and notification targets look like to their owner, and the documented examples."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from services.db.delivery_list import DeliveryState
from services.db.outlets import Outlet
from services.domain.outlets import QuietHours, Rule
from services.hooks.notifier import masked

State = Annotated[DeliveryState | None, QueryParameter(name="state", description="Only deliveries in this state.")]


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """An outgoing webhook. Nothing goes there while `enabled` is false; `disabled_reason` says who switched it off.

    `failing_since` is null while it works; else the next attempt is at `retry_at`. `two_signatures_until` is set for
    a day after its secret was rotated. `waiting` and `dead` count deliveries.
    """

    id: int
    url: str
    description: str
    rules: tuple[Rule, ...]
    quiet_hours: QuietHours | None
    enabled: bool
    disabled_reason: str
    verified_at: datetime | None
    failures: int
    failing_since: datetime | None
    retry_at: datetime | None
    two_signatures_until: datetime | None
    waiting: int
    dead: int
    delivered_total: int
    created_at: datetime
    updated_at: datetime


class WebhookSecret(msgspec.Struct, frozen=True):
    """A webhook and its signing secret, which is not shown again: null when the request is repeated."""

    webhook: WebhookView
    secret: str | None


class TargetView(msgspec.Struct, frozen=True, kw_only=True):
    """A notification target. Of its URL only the service is shown: the rest may be a token."""

    id: int
    service: str
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


def webhook_view(outlet: Outlet) -> WebhookView:
    """A webhook as its owner sees it."""
    return WebhookView(url=outlet.url, verified_at=outlet.verified_at, two_signatures_until=outlet.previous_until,
                       **_common(outlet))  # fmt: skip


def target_view(outlet: Outlet) -> TargetView:
    """A notification target as its owner sees it."""
    return TargetView(service=masked(outlet.url), **_common(outlet))


def _common(outlet: Outlet) -> dict[str, Any]:
    shared = set(WebhookView.__struct_fields__) & set(TargetView.__struct_fields__)
    fields = {name: getattr(outlet, name) for name in shared}
    return fields | {"retry_at": outlet.retry_at if outlet.failing_since else None}


WEBHOOK_EXAMPLES = [
    Example(
        summary="Everything of my trades",
        value={
            "url": "https://hooks.example.com/in",
            "description": "my executor",
            "rules": [{"events": ["opened", "closed", "cancelled"]}],
        },
    )
]
TARGET_EXAMPLES = [
    Example(
        summary="Closings worth a message, not at night",
        value={
            "url": "tgram://123456789:AABBCCDDEEFFGGHHIIJJKKLLMMNNOOPPQQR/12315544",
            "description": "my phone",
            "rules": [{"events": ["closed"], "minimum_profit": "10", "minimum_loss": "5"}, {"events": ["system"]}],
            "quiet_hours": {"start": "22:00:00", "end": "07:00:00", "time_zone": "Europe/Berlin"},
        },
    )
]
REPLAY_EXAMPLES = [
    Example(summary="Dead letters", value={"all_dead": True}),
    Example(summary="A range", value={"stream": "a1", "from_sequence": 1, "to_sequence": 100}),
]
DROP_EXAMPLES = [Example(summary="Dead letters", value={"all_dead": True})]
CHANGE_EXAMPLES = [Example(summary="Switch it on again", value={"enabled": True})]
