"""Whether an account is on paper or live, and how it came to be."""

from datetime import datetime

import msgspec


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of mode; `user_id` is None where nobody did it: time ran out, or a webhook failed."""

    at: datetime
    mode: str
    reason: str
    user_id: int | None
    webhook_id: int | None
    live_until: datetime | None


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """An account's mode; live_allowed and hours_max are the operator's, `changes` the newest 50."""

    account_id: int
    mode: str
    live_until: datetime | None
    since: datetime | None
    webhook_id: int | None
    live_allowed: bool
    hours_max: int
    changes: tuple[Change, ...]


class Question(msgspec.Struct, frozen=True):
    """What has to be answered before `expires_at`: the token, and the phrase as a person types it."""

    token: str
    expires_at: datetime
    phrase: str
