"""What holders of a public link see: one account's performance."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from api.documentation import problems
from services.usecases.context import Services
from services.usecases.share_account import Shared, shared_performance


@get("/{token:str}/performance", summary="What a shared account came to", responses=problems(404, 422, 429))
async def read(
    services: NamedDependency[Services],
    token: FromPath[str],
    days: Annotated[
        int | None, QueryParameter(ge=1, le=36500, description="The last so many UTC days, today included.")
    ] = None,
) -> Shared:
    """The link's token is all that is needed; its owner can revoke it."""
    return await shared_performance(services, token, days)


router = Router("/public", route_handlers=[read], opt={"access": "open"}, tags=["Access"])
