"""Sources of signals: their settings, who follows them, their webhook secret, and what they came to."""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated

import msgspec
from litestar import Request, Response, Router, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from msgspec import UNSET, UnsetType

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.completed import TEXT_BODY
from api.documentation import answered, problems
from api.examples import signals
from api.inbox import ALERTS, WEBHOOK_PATH
from api.parameters import Cursor, IdempotencyKey, Limit, checked_key, existing
from api.schemas import Page, created, made
from services.db.follows import Follow
from services.db.scorecards import CardBy
from services.db.signal_counts import SourceStatistics
from services.db.sources import Source
from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.plan import EntryType
from services.domain.source import Overrides, SourceSettings
from services.usecases.context import Services
from services.usecases.receive_alert import BODY_BYTES_MAX
from services.usecases.scorecard import SEED, CardLine, Scorecard, scorecard, scorecards_of_all
from services.usecases.sources import (
    Asking,
    create_source,
    edit_source,
    follow_source,
    list_sources,
    read_source,
    read_statistics,
    rotate_secret,
    unfollow_source,
)
from services.usecases.validate_signal import Validation, validate_body


class NewSource(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name that stays, and settings; with `follow`, the caller's account takes its signals from the first on."""

    name: str
    follow: bool = True


class EditSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; what is absent stays, null takes a setting away. They hold for signals from now on."""

    is_public: bool | UnsetType = UNSET
    auto_trade: bool | UnsetType = UNSET
    market_type: Market | UnsetType | None = UNSET
    entry_type: EntryType | UnsetType | None = UNSET
    position_size: Decimal | UnsetType | None = UNSET
    leverage_max: int | UnsetType | None = UNSET
    stop_loss_percent: Decimal | UnsetType | None = UNSET
    take_profit_percent: Decimal | UnsetType | None = UNSET
    max_lag_seconds: int | UnsetType = UNSET
    dedup_seconds: int | UnsetType = UNSET


class FollowSource(Overrides, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which account follows (the caller's own if absent), and what it has otherwise than the source."""

    account_id: int | None = None


class UnfollowSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which account takes no further signals."""

    account_id: int | None = None


class SourceView(SourceSettings, frozen=True, kw_only=True):
    """A source. is_own: the caller may change it; has_secret: a webhook secret has been made. follows are the caller's
    accounts that follow it, and the public one where the caller may trade on it; null in lists.
    """

    id: int
    name: str
    is_own: bool
    has_secret: bool
    created_at: datetime
    follows: list[Follow] | None


class WebhookSecret(msgspec.Struct, frozen=True):
    """The secret and the path to post alerts to. They are shown this once; null when the request is repeated."""

    secret: str | None
    path: str | None


SOURCE_EXAMPLES = [
    Example(
        summary="Alerts of a chart, stops by percent",
        value={"name": "my alerts", "stop_loss_percent": "2", "take_profit_percent": "4", "leverage_max": 5},
    )
]
SETTINGS_EXAMPLES = [Example(summary="No trades by itself", value={"auto_trade": False})]
UNFOLLOW_EXAMPLES = [Example(summary="With one's own account", value={})]
FOLLOW_EXAMPLES = [
    Example(summary="One percent at risk, three times at most", value={"risk_percent": "1", "leverage_max": 3})
]


@get(
    "/",
    summary="List sources, newest first",
    responses={
        200: answered(Page[SourceView], "A page of them.", {"results": [signals.LISTED], "next": None}),
        **problems(422),
    },
)
async def list_(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SourceView]:
    """The caller's own, the public ones, and those that their accounts follow."""
    found = await list_sources(services, asking(caller), limit + 1, cursors.decode(cursor, int))
    following = found[limit - 1].id if len(found) > limit else None
    return Page([_view(caller, source) for source in found[:limit]], cursors.encode(following))


@post(
    "/",
    dto=JsonBody[NewSource],
    summary="Make a source",
    responses={**made(SourceView, "The new source.", signals.SOURCE_MADE), **problems(409, 422)},
)
async def create(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[NewSource, Body(examples=SOURCE_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Its name never changes: trades bear it."""
    settings = SourceSettings(**{name: getattr(data, name) for name in SourceSettings.__struct_fields__})
    followed_by = caller.account_id if data.follow else None
    key, shown = checked_key(idempotency_key), partial(_view, caller)
    return created(
        await create_source(services, asking(caller), data.name, settings, shown, followed_by=followed_by, key=key)
    )


@get("/{source_id:int}", summary="Read a source", responses=problems(404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], source_id: FromPath[int]
) -> SourceView:
    """With how the caller's accounts follow it."""
    return _view(caller, *await read_source(services, asking(caller), existing(source_id, "source")))


@patch(
    "/{source_id:int}",
    dto=JsonBody[EditSource],
    summary="Change a source's settings",
    responses={200: answered(SourceView, "The source as it is now.", signals.SWITCHED_OFF), **problems(404, 422)},
)
async def edit(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source_id: FromPath[int],
    data: Annotated[EditSource, Body(examples=SETTINGS_EXAMPLES)],
) -> SourceView:
    """One's own; a source that is no longer public loses the followers that are not its owner's."""
    given = {name: value for name in EditSource.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
    if not given:
        raise InvalidInput("nothing_to_change", f"give at least one of {', '.join(EditSource.__struct_fields__)}")
    id_ = existing(source_id, "source")
    await edit_source(services, asking(caller), id_, given)
    return _view(caller, *await read_source(services, asking(caller), id_))


@post(
    "/{source_id:int}/follow",
    status_code=200,
    dto=JsonBody[FollowSource],
    summary="Follow a source with an account, or change how",
    responses=problems(404, 409, 422),
)
async def follow(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source_id: FromPath[int],
    data: Annotated[FollowSource, Body(examples=FOLLOW_EXAMPLES)] = FollowSource(),  # noqa: B008 - frozen
) -> SourceView:
    """Signals from now on become trades of the account."""
    overrides = Overrides(**{name: getattr(data, name) for name in Overrides.__struct_fields__})
    id_ = existing(source_id, "source")
    await follow_source(services, asking(caller), id_, caller.chosen(data.account_id), overrides)
    return _view(caller, *await read_source(services, asking(caller), id_))


@post(
    "/{source_id:int}/unfollow",
    status_code=204,
    dto=JsonBody[UnfollowSource],
    summary="Take no further signals of a source",
    responses=problems(404, 422),
)
async def unfollow(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source_id: FromPath[int],
    data: Annotated[UnfollowSource, Body(examples=UNFOLLOW_EXAMPLES)] = UnfollowSource(),  # noqa: B008 - frozen
) -> None:
    """What is open stays open."""
    account_id = caller.chosen(data.account_id)
    await unfollow_source(services, asking(caller), existing(source_id, "source"), account_id)


@post(
    "/{source_id:int}/rotate_secret",
    status_code=200,
    summary="Make a new webhook secret",
    responses=problems(404, 409, 422),
)
async def rotate(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source_id: FromPath[int],
    idempotency_key: IdempotencyKey = None,
) -> WebhookSecret:
    """The one before is worth nothing from then on. Only a hash is kept: it cannot be shown again."""
    key, id_ = checked_key(idempotency_key), existing(source_id, "source")
    secret = await rotate_secret(services, asking(caller), id_, key)
    return WebhookSecret(secret, None if secret is None else f"{WEBHOOK_PATH}{secret}/")


@post(
    "/{source_id:int}/validate_alert",
    status_code=200,
    opt={TEXT_BODY: ALERTS},
    request_max_body_size=BODY_BYTES_MAX,
    summary="What an alert would do now",
    responses=problems(404, 413),
)
async def validate_alert(
    request: Request[object, object, State],
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source_id: FromPath[int],
) -> Validation:
    """The body read as the webhook of this source, one's own, would read it, and what each following account would do.

    Nothing is stored. What cannot be read is a `signal` that is REJECTED, with the rule that it breaks.
    """
    body = await request.body()
    return await validate_body(services, asking(caller), existing(source_id, "source"), body)


@get("/{source_id:int}/statistics", summary="What became of a source's signals", responses=problems(404))
async def statistics(
    services: NamedDependency[Services], caller: NamedDependency[Caller], source_id: FromPath[int]
) -> SourceStatistics:
    """Signals by status and by reason, and what the caller's accounts decided."""
    return await read_statistics(services, asking(caller), existing(source_id, "source"))


@get("/{source_id:int}/scorecard", summary="What a source's signals came to", responses=problems(404, 422, 503))
async def card(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source_id: FromPath[int],
    group_by: FromQuery[CardBy | None] = None,
    seed: Annotated[int, QueryParameter(ge=0, le=2**31, description="Of the random entries.")] = SEED,
) -> Scorecard:
    """Closed trades of its signals on the caller's accounts, with confidence intervals, beside BTC and chance."""
    return await scorecard(services, asking(caller), existing(source_id, "source"), group_by, seed)


@get("/scorecards", summary="A line for every source whose signals were traded")
async def cards(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> Page[CardLine]:
    """The same figures; `key` is what the trades have as `source`."""
    return Page(await scorecards_of_all(services, asking(caller)), None)


def asking(caller: Caller) -> Asking:
    """The caller as the use cases know them."""
    return Asking(caller.user_id, caller.account_ids, caller.public_id if caller.may_write_public else None)


def _view(caller: Caller, source: Source, follows: list[Follow] | None = None) -> SourceView:
    return SourceView(
        **msgspec.structs.asdict(source.settings),
        id=source.id,
        name=source.name,
        is_own=source.user_id == caller.user_id,
        has_secret=source.has_secret,
        created_at=source.created_at,
        follows=follows,
    )


router = Router(
    "/sources",
    route_handlers=[list_, create, read, edit, follow, unfollow, rotate, validate_alert, statistics, card, cards],
    tags=["Signals"],
)
