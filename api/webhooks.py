"""Outgoing webhooks: made, verified, tried, and what became of each delivery."""

from typing import Annotated

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import answered, problems
from api.examples import outlets
from api.outlets import (
    CHANGE_EXAMPLES,
    DROP_EXAMPLES,
    REPLAY_EXAMPLES,
    WEBHOOK_EXAMPLES,
    State,
    WebhookSecret,
    WebhookView,
    webhook_view,
)
from api.parameters import Cursor, IdempotencyKey, Limit, checked_key, existing
from api.schemas import Page, created, made
from services.db.delivery_list import Delivery
from services.db.outlets import Outlet, OutletKind
from services.usecases import manage_outlets, redeliver, try_outlet
from services.usecases.context import Services
from services.usecases.manage_outlets import NewOutlet, OutletChanges
from services.usecases.redeliver import Affected, Drop, Replay
from services.usecases.try_outlet import Trial

KIND = OutletKind.WEBHOOK


@get("/", summary="List outgoing webhooks")
async def list_(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> Page[WebhookView]:
    """The caller's own; secrets are not shown."""
    found = await manage_outlets.list_outlets(services, caller.user_id, KIND)
    return Page([webhook_view(each) for each in found], None)


@post(
    "/",
    dto=JsonBody[NewOutlet],
    summary="Make an outgoing webhook",
    responses={
        **made(
            WebhookSecret,
            "The new webhook and, this once, its signing secret.",
            outlets.WEBHOOK_MADE,
            once="secret",
        ),
        **problems(409, 422),
    },
)
async def create(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[NewOutlet, Body(examples=WEBHOOK_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """It gets what happens from now on. The answer has the signing secret, this once."""
    whose, key = (caller.user_id, caller.account_ids), checked_key(idempotency_key)
    return created(await manage_outlets.create_outlet(services, *whose, KIND, data, _without_secret, key))


@get("/{webhook_id:int}", summary="Read an outgoing webhook", responses=problems(404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], webhook_id: FromPath[int]
) -> WebhookView:
    """How it is doing."""
    id_ = existing(webhook_id, "webhook")
    return webhook_view(await manage_outlets.read_outlet(services, caller.user_id, KIND, id_))


@patch(
    "/{webhook_id:int}",
    dto=JsonBody[OutletChanges],
    summary="Change an outgoing webhook",
    responses=problems(404, 422),
)
async def edit(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    webhook_id: FromPath[int],
    data: Annotated[OutletChanges, Body(examples=CHANGE_EXAMPLES)],
) -> WebhookView:
    """Another URL has to be verified again. Enabling forgets past failures and goes on where it had stopped."""
    id_ = existing(webhook_id, "webhook")
    return webhook_view(await manage_outlets.edit_outlet(services, caller.user_id, caller.account_ids, KIND, id_, data))


@delete("/{webhook_id:int}", summary="Delete an outgoing webhook", responses=problems(404))
async def remove(
    services: NamedDependency[Services], caller: NamedDependency[Caller], webhook_id: FromPath[int]
) -> None:
    """With everything that waits for it. Accounts that are live by it go back to paper."""
    await manage_outlets.delete_outlet(services, caller.user_id, KIND, existing(webhook_id, "webhook"))


@post(
    "/{webhook_id:int}/rotate",
    status_code=200,
    summary="Rotate the signing secret",
    responses={
        200: answered(WebhookSecret, "The webhook and its new secret.", outlets.ROTATED),
        **problems(404, 409, 422),
    },
)
async def rotate(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    webhook_id: FromPath[int],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """For a day messages bear two signatures, by the old and by the new secret."""
    key, id_ = checked_key(idempotency_key), existing(webhook_id, "webhook")
    done = await manage_outlets.rotate_secret(services, caller.user_id, id_, _without_secret, key)
    return Response(done.body, media_type="application/json")


@post("/{webhook_id:int}/verify", status_code=200, summary="Verify the endpoint", responses=problems(404, 409))
async def verify(
    services: NamedDependency[Services], caller: NamedDependency[Caller], webhook_id: FromPath[int]
) -> WebhookView:
    """Sends `webhook.verify` with `data.challenge`; the endpoint must answer 2xx with the challenge as its body."""
    return webhook_view(await try_outlet.verify_webhook(services, caller.user_id, existing(webhook_id, "webhook")))


@post("/{webhook_id:int}/test", status_code=200, summary="Send a test message", responses=problems(404))
async def test(
    services: NamedDependency[Services], caller: NamedDependency[Caller], webhook_id: FromPath[int]
) -> Trial:
    """Sends `webhook.test` once, now, and says what came of it."""
    return await try_outlet.try_outlet(services, caller.user_id, KIND, existing(webhook_id, "webhook"))


@get("/{webhook_id:int}/deliveries", summary="List deliveries, newest first", responses=problems(404, 422))
async def deliveries(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    webhook_id: FromPath[int],
    standing: State = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Delivery]:
    """Delivered ones are kept for 7 days, dead letters for 30."""
    before, id_ = cursors.decode(cursor, int), existing(webhook_id, "webhook")
    found, following = await redeliver.list_deliveries(services, caller.user_id, KIND, id_, standing, limit, before)
    return Page(found, cursors.encode(following))


@post(
    "/{webhook_id:int}/replay",
    status_code=200,
    dto=JsonBody[Replay],
    summary="Deliver again",
    responses=problems(404, 409, 422),
)
async def replay(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    webhook_id: FromPath[int],
    data: Annotated[Replay, Body(examples=REPLAY_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Affected:
    """One, several, all dead letters, or a range of events; under the ids that they had."""
    key, id_ = checked_key(idempotency_key), existing(webhook_id, "webhook")
    return await redeliver.replay(services, caller.user_id, KIND, id_, data, key)


@post(
    "/{webhook_id:int}/drop",
    status_code=200,
    dto=JsonBody[Drop],
    summary="Forget deliveries",
    responses=problems(404, 422),
)
async def drop(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    webhook_id: FromPath[int],
    data: Annotated[Drop, Body(examples=DROP_EXAMPLES)],
) -> Affected:
    """Waiting or dead ones by id, or all dead letters."""
    return await redeliver.drop(services, caller.user_id, KIND, existing(webhook_id, "webhook"), data)


def _without_secret(outlet: Outlet) -> WebhookSecret:
    """What is kept of an answer that shows a secret."""
    return WebhookSecret(webhook_view(outlet), None)


router = Router(
    "/webhooks",
    route_handlers=[list_, create, read, edit, remove, rotate, verify, test, deliveries, replay, drop],
    tags=["Webhooks"],
)
