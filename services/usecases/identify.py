"""Whose a credential is. Verdicts are remembered for a few seconds, and forgotten when the bell tells of a change."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from hmac import compare_digest

import msgspec

from services.coordination import tickets
from services.db import accounts, api_keys, sessions
from services.db.sessions import Identity
from services.domain.credentials import Channels, digest, parse_key
from services.usecases.context import Services
from services.usecases.passwords import random_token

VERDICT_SECONDS = 10.0
VERDICTS_MAX = 10_000

Admission = Callable[[], Awaitable[None]]
"""Awaited before the database is asked about a credential that is not remembered; raises what turns it away."""


async def freely() -> None:
    """Turns nothing away."""


class Identifier:
    """Looks credentials up for one process. None means that the credential does not hold."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._verdicts: OrderedDict[bytes, tuple[float, Identity | None]] = OrderedDict()

    def forget(self) -> None:
        """Rights have changed: look everything up again."""
        self._verdicts = OrderedDict()

    async def local(self) -> Identity | None:
        """The owner of this machine."""

        async def look_up() -> Identity | None:
            async with self._services.system_pool.connection() as connection:
                return await sessions.local_owner(connection)

        return await self._remembered(b"local", look_up)

    async def by_session(self, token: str, may_look: Admission = freely) -> Identity | None:
        """Whose session the token is of."""
        hashed = digest(token)

        async def look_up() -> Identity | None:
            await may_look()
            async with self._services.system_pool.connection() as connection:
                return await sessions.by_session(connection, hashed)

        return await self._remembered(b"s" + hashed, look_up)

    async def by_key(self, text: str, may_look: Admission) -> Identity | None:
        """Whose key it is; its use is noted, coarsely."""
        key = parse_key(text)
        if key is None:
            return None
        hashed = digest(key.secret)

        async def look_up() -> Identity | None:
            await may_look()
            async with self._services.system_pool.connection() as connection:
                found = await sessions.by_key(connection, key.key_id)
                if found is None or not compare_digest(found.secret_hash, hashed):
                    return None
                await api_keys.used(connection, found.via)
                return found

        return await self._remembered(b"k" + key.key_id.encode() + hashed, look_up)

    async def by_ticket(self, ticket: str) -> Identity | None:
        """Whose ticket it is, if the credential that got it holds still; it is used up."""
        taken = await tickets.take(self._services.redis, ticket)
        if taken is None:
            return None
        via, channels = taken
        async with self._services.system_pool.connection() as connection:
            found = await sessions.by_via(connection, via)
        return None if found is None else msgspec.structs.replace(found, channels=channels)

    async def make_ticket(self, identity: Identity, channels: Channels) -> str:
        """A ticket that stands for this identity's credential, once, and opens these channels."""
        ticket = random_token()
        await tickets.keep(self._services.redis, ticket, identity.via, channels)
        return ticket

    async def still(self, vias: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Of these credentials, those that hold, each with the accounts that it reaches."""
        async with self._services.system_pool.connection() as connection:
            return await sessions.still(connection, vias)

    async def _remembered(self, name: bytes, look_up: Callable[[], Awaitable[Identity | None]]) -> Identity | None:
        now = asyncio.get_running_loop().time()
        known = self._verdicts.get(name)
        if known is not None and known[0] > now:
            return known[1]
        verdicts = self._verdicts
        found = await look_up()
        if verdicts is self._verdicts:  # else it may be older than the change that the bell told of
            verdicts[name] = (now + VERDICT_SECONDS, found)
            verdicts.move_to_end(name)
            while len(verdicts) > VERDICTS_MAX:
                verdicts.popitem(last=False)
        return found


async def public_account(services: Services) -> int | None:
    """The account that anybody may read, where there is one."""
    async with services.system_pool.connection() as connection:
        return await accounts.public(connection)
