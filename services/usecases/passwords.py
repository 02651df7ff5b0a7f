"""Passwords: argon2id, in threads, few at a time, for each hashing takes tens of milliseconds and megabytes."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from services.domain.credentials import SECRET_BYTES, make_token
from services.domain.errors import InvalidInput

LENGTH_MIN, LENGTH_MAX = 10, 200
_AT_ONCE = 2
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
"""OWASP's Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane."""
_NOBODY = _HASHER.hash(secrets.token_hex(16))
_threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")


def check_password(password: str) -> None:
    """Raises InvalidInput for a password that is too short, too long, or cannot be typed."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX or "\x00" in password:
        rule = f"a password must have {LENGTH_MIN} to {LENGTH_MAX} characters"
        raise InvalidInput("bad_password", rule, field="password")


async def hash_password(password: str) -> str:
    """What is stored of a password."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _HASHER.hash, password)


async def is_password(stored: str | None, password: str) -> bool:
    """Whether it is the one; without a stored one it takes the same time to say no."""
    right = await asyncio.get_running_loop().run_in_executor(_threads, _verify, stored or _NOBODY, password)
    return right and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was made when a hash cost otherwise than now."""
    return _HASHER.check_needs_rehash(stored)


def random_token() -> str:
    """A fresh token of 256 random bits."""
    return make_token(secrets.token_bytes(SECRET_BYTES))


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
