"""The system's own state, for people at a live screen."""

from litestar import Request, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from api.access import Caller
from api.audit import audit_log
from services.usecases.system_status import StatusReader, SystemStatus


@get("/", summary="How the system stands")
async def read(request: Request[object, object, State], caller: NamedDependency[Caller]) -> SystemStatus:
    """Trades, cycles, lag, request weight, jobs."""
    reader: StatusReader = request.app.state.status
    return await reader.read(caller.listed())


router = Router("/system", route_handlers=[read, audit_log], opt={"access": "public"}, tags=["System"])
