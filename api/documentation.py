"""What the OpenAPI document says beyond the types: problems, examples, and the document's own head."""

from http import HTTPStatus
from importlib import metadata
from typing import Any

from litestar import MediaType, Router
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.spec import Example

from api.completed import Contract
from api.errors import MEDIA_TYPE, Problem
from api.examples.access import TOKEN
from api.examples.whole import shown

CONFIG = OpenAPIConfig(
    title="paperfleet",
    version=metadata.version("paperfleet"),
    description="Paper-trades every Binance pair on the whole price path. It never sends an order.",
    # Nothing but the document: its router answers unknown paths below it with a page.
    openapi_router=Router("/api/openapi.json", route_handlers=[], include_in_schema=False, opt={"access": "read"}),
    render_plugins=[Contract()],
    use_handler_docstrings=True,
)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The documented refusals of a route; 400 is in place of the framework's own shape."""
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            media_type=MEDIA_TYPE,
            description=HTTPStatus(status).phrase,
        )
        for status in sorted({400, *statuses})
    }


def answered(kind: type[Any], description: str, *values: object, media_type: str = MediaType.JSON) -> ResponseSpec:
    """What a route answers when all is well, as each of these values."""
    examples = [shown(f"As it may come ({number})", value) for number, value in enumerate(values, 1)]
    return ResponseSpec(
        kind, generate_examples=False, description=description, media_type=media_type, examples=examples
    )


CREATE_EXAMPLES = [
    Example(
        summary="A futures LONG at the market, two targets",
        value={
            "market_type": "FUTURES",
            "symbol": "BTCUSDT",
            "direction": "LONG",
            "stop_loss": "62850",
            "take_profits": [{"price": "66737", "fraction": "0.5"}, {"price": "68681", "fraction": "0.5"}],
            "position_size": "250",
            "leverage": 5,
            "notes": "Retest of the breakout.",
        },
    ),
    Example(
        summary="One percent of the equity at risk",
        value={
            "market_type": "FUTURES",
            "symbol": "BTCUSDT",
            "direction": "SHORT",
            "stop_loss": "66737",
            "take_profit": "60900",
            "risk_percent": "1",
            "leverage": 5,
        },
    ),
    Example(
        summary="A spot LONG that rests at its limit",
        value={
            "market_type": "SPOT",
            "symbol": "ETHUSDT",
            "direction": "LONG",
            "entry_type": "LIMIT",
            "entry_price": "1780",
            "stop_loss": "1706",
            "take_profit": "2003",
        },
    ),
]
TERMS_EXAMPLES = [
    Example(summary="At most ten trades, five times", value={"max_open_trades": 10, "max_leverage": 5}),
    shown("No limit on exposure, harsh fills", {"max_symbol_exposure": None, "fill_model": "harsh"}),
]
SIGNAL_TRADE_EXAMPLES = [
    Example(summary="As it says", value={"signal_id": 42}),
    Example(summary="As it says, half a percent at risk", value={"signal_id": 42, "risk_percent": "0.5"}),
]
EDIT_EXAMPLES = [
    Example(summary="A tighter stop, and why", value={"stop_loss": "63498", "notes": "Half of the way is done."})
]
CLOSE_EXAMPLES = [
    Example(summary="Close", value={}),
    Example(summary="Only if the market is within 1 % of this price", value={"current_price": "65310.4"}),
]

CHANNELS_EXAMPLES = [
    Example(summary="Whatever the caller may see", value={}),
    Example(summary="The prices of one pair, and nothing of any account", value={"prices": "SPOT:BTCUSDT"}),
]

SIGN_IN_EXAMPLES = [Example(summary="Name and password", value={"name": "ada", "password": "correct horse battery"})]
ACCEPT_EXAMPLES = [
    Example(
        summary="The token of the invitation, a name and a password of one's own",
        value={"token": TOKEN, "name": "ada", "password": "correct horse battery"},
    )
]
PASSWORD_EXAMPLES = [
    Example(
        summary="Old and new",
        value={"password": "correct horse battery", "new_password": "staple a better horse"},
    )
]
INVITE_EXAMPLES = [Example(summary="For two days", value={"hours": 48, "note": "Ada, from the desk"})]
REASON_EXAMPLES = [Example(summary="Why", value={"reason": "the database moves to a larger machine"})]
CHANGE_USER_EXAMPLES = [
    Example(summary="Lock somebody out", value={"disabled": True}),
    Example(summary="Make an admin", value={"role": "admin"}),
]
NEW_KEY_EXAMPLES = [
    Example(summary="For a bot that trades", value={"name": "bot", "scopes": ["read", "trade"], "days": 90}),
    shown("For a dashboard that reads", {"name": "wall", "scopes": ["read"], "days": None}),
]
ROTATE_EXAMPLES = [Example(summary="The old key works on for a day", value={"overlap_hours": 24})]
NEW_ACCOUNT_EXAMPLES = [Example(summary="For one strategy", value={"name": "breakout", "starting_balance": "10000"})]
DEPOSIT_EXAMPLES = [Example(summary="A thousand more", value={"amount": "1000"})]
RESET_EXAMPLES = [Example(summary="Start over with fifty thousand", value={"balance": "50000"})]
NEW_LINK_EXAMPLES = [Example(summary="For a month", value={"name": "for the newsletter", "days": 30})]
