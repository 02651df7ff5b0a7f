"""Paper or live: what an account's mode means, and the words that have to be typed before it goes live.

Live means one thing: the account's new signals are also handed to its owner's own executor, by a signed webhook.
"""

from datetime import timedelta
from enum import StrEnum

TOKEN_LIFE = timedelta(seconds=60)
HAND_OVER_LIFE = timedelta(seconds=60)
"""A signal that could not be handed over for so long never is: an executor must not act on old news."""


class Mode(StrEnum):
    """Which mode an account is in."""

    PAPER = "paper"
    LIVE = "live"


def phrase_for(account_name: str) -> str:
    """What has to be typed, letter by letter."""
    return f"hand over the signals of {account_name}"
