"""What every session asks PostgreSQL for as it begins, and what it got of that: a pooler may drop what is asked."""

from collections.abc import Mapping

from services.db.pool import API_ROLE, Connection

Lacking = Mapping[str, str]
"""By setting, what a session has in place of what it asked for; by `role`, who it is."""

MEND_ROLE = (
    "let a pooler pass startup options on, or give the API PAPERFLEET_CALLERS_DATABASE_URL, "
    f"whose user is {API_ROLE}: docs/deployment.md#behind-a-transaction-pooler"
)


async def lacking(connection: Connection, asked: Mapping[str, str]) -> Lacking:
    """Of what was `asked`, in PostgreSQL's own spelling, that which this session has otherwise."""
    cursor = await connection.execute(
        """SELECT name, CASE name WHEN 'role' THEN current_user
               ELSE coalesce(current_setting(name, true), 'unknown') END
           FROM unnest(%s::text[]) AS name""",
        [list(asked)],
    )
    return {name: value for name, value in await cursor.fetchall() if value != asked[name]}


def unbound(found: Lacking) -> str:
    """What it means that sessions for callers are somebody else than they asked to be."""
    return f"callers act as {found['role']}, not {API_ROLE}: row-level security does not bind them"


async def mend_settings(connection: Connection, asked: Mapping[str, str], names: Lacking) -> str:
    """The statements after which new sessions of this session's user have the settings that they ask for."""
    row = await (await connection.execute("SELECT quote_ident(session_user)")).fetchone()
    assert row is not None
    return "; ".join(f"ALTER ROLE {row[0]} SET {name} = '{asked[name]}'" for name in names if name != "role")
