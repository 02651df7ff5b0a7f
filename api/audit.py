"""The audit log, for admins."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api import cursors
from api.documentation import problems
from api.parameters import Cursor, Limit, text
from api.schemas import Page
from services.db import audit
from services.db.audit import AuditEntry
from services.usecases.context import Services


@get("/audit", opt={"access": "admin"}, summary="Who changed what, newest first", responses=problems(401, 403, 422))
async def audit_log(
    services: NamedDependency[Services],
    limit: Limit = 50,
    cursor: Cursor = None,
    user_id: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="By this user only.")] = None,
    subject: Annotated[str | None, QueryParameter(description="About this table only.")] = None,
) -> Page[AuditEntry]:
    """Every change that came through this API or the command, with what differs; kept for a year."""
    before = cursors.decode(cursor, int)
    async with services.system_pool.connection() as connection:
        found = await audit.page(connection, limit + 1, before, user_id, text(subject, "subject"))
    more = len(found) > limit
    return Page(found[:limit], cursors.encode(found[limit - 1].id if more else None))
