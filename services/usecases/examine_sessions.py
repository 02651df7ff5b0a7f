"""Examines what sessions get of what they ask PostgreSQL for: a pooler between may drop it, the second lock with it."""

from collections.abc import Iterator, Mapping

import psycopg

from services.db import asked, diagnosis, pool
from services.domain.finding import Finding, doubt, fine, wrong
from services.settings import Login, Settings


async def examine_sessions(settings: Settings) -> list[Finding]:
    """As processes would have them: those of the fleet, and those for callers."""
    bound = settings.login is Login.REQUIRED
    kinds = (
        ("sessions", settings.database_url, pool.fleets()),
        ("sessions_for_callers", settings.callers_url, pool.callers(bound=bound)),
    )
    return [finding for kind in kinds for finding in await _examine(*kind)]


async def _examine(name: str, url: str, wanted: Mapping[str, str]) -> list[Finding]:
    try:
        async with await diagnosis.connect(url) as connection:
            wanted = pool.known(wanted, connection.info.server_version)
        connection = await diagnosis.connect(url, pool.as_options(wanted))
    except psycopg.Error as error:
        return [wrong(name, f"none begins: {' '.join(str(error).split())}", "let its user sign in, or correct its URL")]
    async with connection:
        found = await asked.lacking(connection, wanted)
        mend = await asked.mend_settings(connection, wanted, found)
    return list(_told(name, wanted, found, mend))


def _told(name: str, wanted: Mapping[str, str], found: Mapping[str, str], mend: str) -> Iterator[Finding]:
    if "role" in found:
        yield wrong("second_lock", asked.unbound(found), asked.MEND_ROLE)
    others = [f"{each} {value}, not {wanted[each]}" for each, value in found.items() if each != "role"]
    if others:
        yield doubt(name, ", ".join(others), mend)
    if not found:
        yield fine(name, "have what they ask for")
