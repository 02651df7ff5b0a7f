"""Standard Webhooks: secrets, and the headers that prove a message is ours. The one place where anything is signed."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks.webhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh signing secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, sent_at: datetime, body: str, signing: Sequence[str]) -> dict[str, str]:
    """The three headers; one signature a secret in `signing` (two while an old one still counts)."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, sent_at, body) for secret in signing),
    }
