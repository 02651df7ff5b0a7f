"""Credentials as text: tokens and API keys, how they are spelled, checked and hashed; what they open.

An API key reads `pt_live_<id, 8>_<secret, 43><checksum, 6>`. The prefix and the checksum let scanners of leaked secrets
recognise one without asking us. A secret has 256 random bits, so a fast hash is the right one.
"""

import hashlib
import re
import string
import zlib
from enum import StrEnum
from hmac import compare_digest

import msgspec

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_KEY = re.compile(r"(pt_live_([0-9A-Za-z]{8})_([0-9A-Za-z]{43}))([0-9A-Za-z]{6})")
ID_BYTES, SECRET_BYTES = 5, 32
ID_DIGITS, SECRET_DIGITS, CHECKSUM_DIGITS = 8, 43, 6


class Role(StrEnum):
    """What somebody is here. An admin manages users and reads the audit log; nobody sees another's trades."""

    ADMIN = "admin"
    USER = "user"


class Scope(StrEnum):
    """What a credential may be used for."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


class Channels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a stream ticket opens: events of accounts, signals of sources, `prices` as the stream takes them.

    None is not named. One that names nothing at all opens whatever its credential may see; one that names any opens
    nothing of the others, nor of an empty list.
    """

    account_ids: tuple[int, ...] | None = None
    sources: tuple[int, ...] | None = None
    prices: str | None = None


ANYTHING = Channels()


class KeyText(msgspec.Struct, frozen=True):
    """An API key's parts: the id may be shown, the secret may not."""

    key_id: str
    secret: str

    @property
    def text(self) -> str:
        """The whole key."""
        body = f"pt_live_{self.key_id}_{self.secret}"
        return body + base62(zlib.crc32(body.encode()), CHECKSUM_DIGITS)


def parse_key(text: str) -> KeyText | None:
    """The parts of a key; None for what cannot be one of ours, which needs no database to know."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    key = KeyText(match[2], match[3])
    return key if compare_digest(key.text, text) else None


def make_key(randomness: bytes) -> KeyText:
    """A key of ID_BYTES + SECRET_BYTES random bytes."""
    assert len(randomness) == ID_BYTES + SECRET_BYTES
    return KeyText(_text(randomness[:ID_BYTES], ID_DIGITS), _text(randomness[ID_BYTES:], SECRET_DIGITS))


def make_token(randomness: bytes) -> str:
    """A token of SECRET_BYTES random bytes: of a session, an invitation, a link, a ticket."""
    assert len(randomness) == SECRET_BYTES
    return _text(randomness, SECRET_DIGITS)


def digest(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def csrf_token(session_token: str) -> str:
    """What a page must show beside the session's cookie; whoever lacks the cookie's value cannot compute it."""
    return hashlib.sha256(b"csrf:" + session_token.encode()).hexdigest()


def base62(number: int, digits: int) -> str:
    """`number` in so many base-62 digits."""
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    assert number == 0
    return text


def _text(randomness: bytes, digits: int) -> str:
    return base62(int.from_bytes(randomness, "big"), digits)
