"""The system's own state, for people at a live screen."""

from litestar import Request, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from msgspec.structs import replace

from api.access import Caller
from api.audit import audit_log
from services.domain.credentials import Role
from services.usecases.system_status import StatusReader, SystemStatus


@get("/", summary="How the system stands")
async def read(request: Request[object, object, State], caller: NamedDependency[Caller]) -> SystemStatus:
    """Trades, cycles, lag, request weight, jobs. Which processes run, and where, and `backup` are told to admins only.

    `backup` is the last one by `paperfleet backup`: the moment that it holds, how long ago that is, and the size of its
    file; null while none was made.
    """
    reader: StatusReader = request.app.state.status
    status = await reader.read(caller.listed())
    if caller.role is Role.ADMIN:
        return status
    return replace(status, backup=None, fleet=replace(status.fleet, processes=[]))


router = Router("/system", route_handlers=[read, audit_log], opt={"access": "public"}, tags=["System"])
