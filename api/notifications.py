"""Notification targets: Telegram, Discord, mail and others, and what became of each message."""

from typing import Annotated

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import problems
from api.examples import outlets
from api.outlets import (
    CHANGE_EXAMPLES,
    DROP_EXAMPLES,
    REPLAY_EXAMPLES,
    TARGET_EXAMPLES,
    State,
    TargetView,
    target_view,
)
from api.parameters import Cursor, IdempotencyKey, Limit, checked_key, existing
from api.schemas import Page, created, made
from services.db.delivery_list import Delivery
from services.db.outlets import OutletKind
from services.usecases import manage_outlets, redeliver, try_outlet
from services.usecases.context import Services
from services.usecases.manage_outlets import NewOutlet, OutletChanges
from services.usecases.redeliver import Affected, Drop, Replay
from services.usecases.try_outlet import Trial

KIND = OutletKind.NOTIFICATION


@get("/", summary="List notification targets")
async def list_(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> Page[TargetView]:
    """The caller's own; of their URLs only the service is shown."""
    found = await manage_outlets.list_outlets(services, caller.user_id, KIND)
    return Page([target_view(each) for each in found], None)


@post(
    "/",
    dto=JsonBody[NewOutlet],
    summary="Make a notification target",
    responses={**made(TargetView, "The new target.", outlets.TARGET_MADE), **problems(409, 422)},
)
async def create(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[NewOutlet, Body(examples=TARGET_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """By an Apprise URL, such as `tgram://token/chat`. It gets what happens from now on; the URL is not shown again."""
    whose, key = (caller.user_id, caller.account_ids), checked_key(idempotency_key)
    return created(await manage_outlets.create_outlet(services, *whose, KIND, data, target_view, key))


@get("/{target_id:int}", summary="Read a notification target", responses=problems(404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], target_id: FromPath[int]
) -> TargetView:
    """How it is doing."""
    id_ = existing(target_id, "notification")
    return target_view(await manage_outlets.read_outlet(services, caller.user_id, KIND, id_))


@patch(
    "/{target_id:int}",
    dto=JsonBody[OutletChanges],
    summary="Change a notification target",
    responses=problems(404, 422),
)
async def edit(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    target_id: FromPath[int],
    data: Annotated[OutletChanges, Body(examples=CHANGE_EXAMPLES)],
) -> TargetView:
    """Enabling forgets past failures and goes on where it had stopped."""
    id_ = existing(target_id, "notification")
    return target_view(await manage_outlets.edit_outlet(services, caller.user_id, caller.account_ids, KIND, id_, data))


@delete("/{target_id:int}", summary="Delete a notification target", responses=problems(404))
async def remove(
    services: NamedDependency[Services], caller: NamedDependency[Caller], target_id: FromPath[int]
) -> None:
    """With everything that waits for it."""
    await manage_outlets.delete_outlet(services, caller.user_id, KIND, existing(target_id, "notification"))


@post("/{target_id:int}/test", status_code=200, summary="Send a test message", responses=problems(404))
async def test(services: NamedDependency[Services], caller: NamedDependency[Caller], target_id: FromPath[int]) -> Trial:
    """Sends a message once, now, and says what came of it."""
    return await try_outlet.try_outlet(services, caller.user_id, KIND, existing(target_id, "notification"))


@get("/{target_id:int}/deliveries", summary="List deliveries, newest first", responses=problems(404, 422))
async def deliveries(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    target_id: FromPath[int],
    standing: State = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Delivery]:
    """Delivered ones are kept for 7 days, dead letters for 30."""
    before, id_ = cursors.decode(cursor, int), existing(target_id, "notification")
    found, following = await redeliver.list_deliveries(services, caller.user_id, KIND, id_, standing, limit, before)
    return Page(found, cursors.encode(following))


@post(
    "/{target_id:int}/replay",
    status_code=200,
    dto=JsonBody[Replay],
    summary="Deliver again",
    responses=problems(404, 409, 422),
)
async def replay(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    target_id: FromPath[int],
    data: Annotated[Replay, Body(examples=REPLAY_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Affected:
    """One, several, all dead letters, or a range of events; under the ids that they had."""
    key, id_ = checked_key(idempotency_key), existing(target_id, "notification")
    return await redeliver.replay(services, caller.user_id, KIND, id_, data, key)


@post(
    "/{target_id:int}/drop",
    status_code=200,
    dto=JsonBody[Drop],
    summary="Forget deliveries",
    responses=problems(404, 422),
)
async def drop(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    target_id: FromPath[int],
    data: Annotated[Drop, Body(examples=DROP_EXAMPLES)],
) -> Affected:
    """Waiting or dead ones by id, or all dead letters."""
    return await redeliver.drop(services, caller.user_id, KIND, existing(target_id, "notification"), data)


router = Router(
    "/notifications",
    route_handlers=[list_, create, read, edit, remove, test, deliveries, replay, drop],
    tags=["Notifications"],
)
