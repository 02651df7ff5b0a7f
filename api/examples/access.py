"""Credentials and whose they are: spelled as real ones, of letters in a row, by which a scan for secrets knows them."""

from typing import Any

from services.domain.credentials import SECRET_DIGITS, KeyText, csrf_token

TOKEN = "AABBCCDDEEFFGGHHIIJJKKLLMMNNOOPPQQRRSSTTUUVV"[:SECRET_DIGITS]
_KEY = KeyText("a1B2c3D4", TOKEN)

KEY: dict[str, Any] = {
    "id": 5,
    "key_id": _KEY.key_id,
    "name": "bot",
    "scopes": ["read", "trade"],
    "created_at": "2026-07-01T12:00:00Z",
    "expires_at": "2026-09-29T12:00:00Z",
    "last_used_at": "2026-07-01T15:16:00Z",
    "revoked_at": None,
}
KEY_MADE = KEY | {"last_used_at": None, "key": _KEY.text}
LINK: dict[str, Any] = {
    "id": 4,
    "name": "for the newsletter",
    "created_at": "2026-07-01T12:00:00Z",
    "expires_at": "2026-07-31T12:00:00Z",
    "revoked_at": None,
}
LINK_MADE = LINK | {"token": TOKEN}
INVITATION: dict[str, Any] = {
    "id": 2,
    "role": "user",
    "note": "Ada, from the desk",
    "created_at": "2026-06-29T09:00:00Z",
    "expires_at": "2026-07-01T09:00:00Z",
    "accepted_by": 3,
    "revoked_at": None,
}
INVITED = INVITATION | {"accepted_by": None, "token": TOKEN}
USER: dict[str, Any] = {
    "id": 3,
    "name": "ada",
    "role": "user",
    "has_password": True,
    "disabled_at": None,
    "created_at": "2026-06-29T10:12:00Z",
}
SHUT_OUT = USER | {"disabled_at": "2026-07-01T15:20:00Z"}
PROMOTED = USER | {"role": "admin"}
SESSION: dict[str, Any] = {
    "login": "required",
    "user_id": 3,
    "name": "ada",
    "role": "user",
    "scopes": ["read", "trade"],
    "via": "session 3",
    "account_id": 7,
    "account_ids": [7, 8],
    "public_account_id": None,
    "csrf_token": csrf_token(TOKEN),
    "expires_at": "2026-07-15T12:00:00Z",
}
TICKET: dict[str, Any] = {"ticket": TOKEN, "seconds": 60}
