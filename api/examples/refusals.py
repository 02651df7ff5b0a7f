"""Examples of what is refused, each as its resource says it."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """What a problem detail tells beyond its status."""

    code: str
    detail: str
    field: str = ""
    numbers: Mapping[str, str] = MappingProxyType({})


_ANYWHERE = {
    "400": Refusal("malformed_json", "the body is not valid JSON: Input data was truncated"),
    "401": Refusal("login_required", "sign in, or send a key as Authorization: Bearer"),
    "403": Refusal("scope_missing", "this needs the scope trade"),
    "413": Refusal("request_entity_too_large", "Request Entity Too Large"),
    "422": Refusal("invalid_request", "Expected `int` >= 1", "limit"),
    "429": Refusal("rate_limited", "too many requests: slow down"),
    "503": Refusal("unavailable", "a part of the system is away: try again"),
}
_NO_TRADE = Refusal("no_such_trade", "there is no trade 42", "id")
_NO_ACCOUNT = Refusal("no_such_account", "there is no account 42", "account_id")
_NO_SIGNAL = Refusal("no_such_signal", "there is no signal 42", "id")
_NO_SOURCE = Refusal("no_such_source", "there is no source 42", "source")
_NO_INVITATION = Refusal("no_such_invitation", "this invitation is unknown, used, withdrawn or too old")
_NO_LETTER = Refusal("no_such_dead_letter", "there is no dead letter 0b9f1c3e-5d7a-4f26-8c41-2e9d6a7b8c05", "id")
_ABSENT = {
    "{trade_id}": _NO_TRADE,
    "{account_id}": _NO_ACCOUNT._replace(field="id"),
    "{signal_id}": _NO_SIGNAL,
    "{source_id}": _NO_SOURCE,
    "{webhook_id}": Refusal("no_such_webhook", "there is no webhook 42", "id"),
    "{target_id}": Refusal("no_such_notification", "there is no notification 42", "id"),
    "{key_id}": Refusal("no_such_key", "there is no key 42", "id"),
    "{user_id}": Refusal("no_such_user", "there is no user 42", "id"),
    "{invitation_id}": Refusal("no_such_invitation", "there is no open invitation 42", "id"),
    "{link_id}": Refusal("no_such_link", "there is no link 42", "id"),
    "{token}": Refusal("no_such_link", "this link is unknown, revoked or too old"),
    "{secret}": Refusal("no_such_webhook", "there is no such webhook"),
    "{what}": Refusal("no_such_halt", "'trading' cannot be stopped: fleet or new_trades", "what"),
    "{letter}": _NO_LETTER,
    "{key}": Refusal("no_such_price", "no price FUTURES:BTCUSDT:1782914400 is in quarantine", "key"),
    "/api/sources/{source_id}/unfollow": Refusal("not_followed", "account 7 does not follow source 42", "id"),
    "/api/session/invitation": _NO_INVITATION,
    "/api/paper-trades/create_from_signal": _NO_SIGNAL._replace(field="signal_id"),
    "/api/signals": _NO_SOURCE,
    "/api/events": _NO_SOURCE._replace(field="sources"),
}
"""By what ends a path: its last parameter, or its name."""
_REUSED = Refusal("idempotency_key_reused", "this Idempotency-Key was used for a different request", "Idempotency-Key")
_TRADE_STATE = Refusal("trade_state", "trade 42 is CLOSED_TP", "status", {"status": "CLOSED_TP", "version": "3"})
_TOO_MANY = Refusal("too_many_outlets", "a user has at most 20 of them")
_NO_BALANCE = Refusal(
    "insufficient_balance",
    "the trade needs 250.13 USDT, the account has 96.2 free",
    "position_size",
    {"needed": "250.13", "free": "96.2"},
)
_TAKEN = Refusal("name_taken", "there is an account 'breakout' already", "name")
_NOT_TRADING = Refusal("not_trading", "FUTURES BTCUSDT is SUSPENDED: no new trades", "symbol")
_CONFLICTS = {
    "post /api/paper-trades": _NO_BALANCE,
    "post /api/paper-trades/preview": _NO_BALANCE,
    "post /api/paper-trades/create_from_signal": Refusal(
        "signal_state", "signal 42 is EXPIRED", "signal_id", {"status": "EXPIRED"}
    ),
    "patch /api/paper-trades/{trade_id}": _TRADE_STATE,
    "put /api/paper-trades/{trade_id}/notes": _TRADE_STATE,
    "post /api/paper-trades/{trade_id}/close_trade": _TRADE_STATE,
    "post /api/paper-trades/{trade_id}/cancel_trade": _TRADE_STATE,
    "post /api/paper-trades/{trade_id}/void": Refusal(
        "trade_not_closed", "trade 42 is OPEN: only a closed one is struck out"
    ),
    "post /api/accounts": _TAKEN,
    "patch /api/accounts/{account_id}": _TAKEN,
    "post /api/accounts/{account_id}/deposits": Refusal(
        "balance_too_large", "an account holds 1000000000000 USDT at most", "amount"
    ),
    "post /api/accounts/{account_id}/reset": Refusal(
        "live_trades",
        "close or cancel the live trades first: they hold back money of this balance",
        numbers={"reserved": "250"},
    ),
    "post /api/accounts/{account_id}/mode/token": Refusal(
        "webhook_not_verified", "the webhook's endpoint has to be verified first", "webhook_id"
    ),
    "post /api/accounts/{account_id}/mode/live": Refusal(
        "token_not_valid", "this token was used, has run out or is another's: ask anew", "token"
    ),
    "post /api/session/invitation": Refusal("name_taken", "there is a user 'ada' already", "name"),
    "patch /api/users/{user_id}": Refusal("last_admin", "this is the last admin: make another one first", "id"),
    "post /api/keys": Refusal("too_many_keys", "a user may hold 50 keys: revoke one first"),
    "post /api/keys/{key_id}/rotate": Refusal("key_ended", "key 42 holds no longer: make a new one", "id"),
    "post /api/webhooks": _TOO_MANY,
    "post /api/notifications": _TOO_MANY,
    "post /api/webhooks/{webhook_id}/verify": Refusal(
        "not_verified", "the endpoint's answer does not repeat the challenge", "url"
    ),
    "post /api/sources": Refusal("source_exists", "there is a source named 'my signals'", "name"),
    "post /api/sources/{source_id}/follow": Refusal(
        "private_source",
        "the public account can follow public sources only: everybody sees what it trades",
        "account_id",
    ),
    "post /api/signals": _NOT_TRADING,
    "post /api/signals/{signal_id}/cancel": Refusal(
        "signal_state", "signal 42 is EXPIRED", "id", {"status": "EXPIRED"}
    ),
    "post /api/webhooks/in/{secret}": _NOT_TRADING._replace(numbers={"signal_id": "42"}),
}
"""By method and path; everything else that can conflict takes an Idempotency-Key."""
_STOP = Refusal(
    "stop_misplaced",
    "a LONG stop_loss must lie below the entry 64792.3, got 66000",
    "stop_loss",
    {"entry": "64792.3", "stop_loss": "66000"},
)
_REPLAY = Refusal("what_to_replay", "give one of delivery_ids, all_dead, or stream with from and to")
_DROP = Refusal("what_to_drop", "give one of delivery_ids and all_dead", "delivery_ids")
_UNSAID = "Object missing required field `{}`"
_BROKEN = {
    "post /api/paper-trades": _STOP,
    "post /api/paper-trades/preview": _STOP,
    "patch /api/paper-trades/{trade_id}": _STOP,
    "post /api/paper-trades/create_from_signal": Refusal(
        "leverage_out_of_range",
        "leverage must be 1 to 125 on FUTURES, got 200",
        "leverage",
        {"leverage": "200", "max": "125"},
    ),
    "post /api/paper-trades/{trade_id}/close_trade": Refusal(
        "fraction_above_one", "fraction must be above 0, and 1 at most", "fraction"
    ),
    "put /api/paper-trades/{trade_id}/notes": Refusal(
        "bad_text", "notes must have at most 4000 printable characters", "notes"
    ),
    "patch /api/accounts/{account_id}": Refusal("fee_out_of_range", "maker must be 0 to 0.1", "spot_fees.maker"),
    "post /api/keys": Refusal("days_out_of_range", "days must be 1 to 3650, or null", "days"),
    "post /api/signals": Refusal("unknown_symbol", "FUTURES lists no 'BTCUSD'", "symbol", {"signal_id": "42"}),
    "post /api/signals/validate": Refusal("two_targets", "give either take_profit or take_profits", "take_profits"),
    "post /api/signals/import": Refusal("bad_columns", "the first row must name the columns, each once", "columns"),
    "post /api/webhooks/in/{secret}": Refusal(
        "no_direction", "the alert names no side", "direction", {"signal_id": "42"}
    ),
    "post /api/webhooks/{webhook_id}/replay": _REPLAY,
    "post /api/notifications/{target_id}/replay": _REPLAY,
    "post /api/webhooks/{webhook_id}/drop": _DROP,
    "post /api/notifications/{target_id}/drop": _DROP,
    "get /api/candles": Refusal("unknown_symbol", "SPOT lists no 'BTCUSD'", "symbol"),
}


def refusal(status: str, method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The example of a refusal of this operation."""
    shown = _shown(status, method, path, operation, document)
    return {
        "type": "about:blank",
        "title": HTTPStatus(int(status)).phrase,
        "status": int(status),
        "detail": shown.detail,
        "code": shown.code,
        "field": shown.field,
        "numbers": dict(shown.numbers),
    }


def _shown(status: str, method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> Refusal:
    label = f"{method} {path}"
    if label == "get /api/events" and status == "403":
        return Refusal("ticket_for_others", "this ticket is for other sources or prices")
    if status == "404":
        named = [each for each in path.split("/") if each.startswith("{")]
        return _ABSENT.get(path) or (_ABSENT[named[-1]] if named else _NO_ACCOUNT)
    if status == "409":
        return _CONFLICTS.get(label, _REUSED)
    if status == "422":
        return _BROKEN.get(label) or _misfit(operation, document)
    return _ANYWHERE[status]


def _misfit(operation: dict[str, Any], document: dict[str, Any]) -> Refusal:
    """A required field that is absent, one that is of another kind, or a parameter that does not fit."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        (named,) = content["schema"].get("allOf", [content["schema"]])
        body = document["components"]["schemas"][named["$ref"].rsplit("/", 1)[1]]
        if body.get("required"):
            name = body["required"][0]
            return Refusal("invalid_request", _UNSAID.format(name), name)
        return Refusal("invalid_request", "Object contains unknown field `x`", "x")
    parameters = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    if not parameters:
        named = [each["name"] for each in operation.get("parameters", ())]
        return Refusal("invalid_request", "Expected `int`, got `str`", *named[-1:])
    if "limit" in parameters:
        return _ANYWHERE["422"]
    return Refusal("invalid_request", f"{parameters[0]} does not fit", parameters[0])
