"""Incoming webhooks: alerts of charts and bots, known by the secret in their path."""

import msgspec
from litestar import Request, Response, Router, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from api.completed import TEXT_BODY, TextBody
from api.documentation import problems
from api.errors import problem
from services.db import acting
from services.db.signals import SignalView
from services.domain.signal import SignalStatus
from services.usecases.context import Services
from services.usecases.receive_alert import BODY_BYTES_MAX, receive_alert
from services.usecases.sources import source_of_secret

WEBHOOK_PATH = "/api/webhooks/in/"
ALERTS = TextBody(
    "text/plain",
    {
        "tradingview": '{"ticker": "BINANCE:BTCUSDT.P", "action": "buy", "sl": "2%", "tp": "4%", "interval": "60"}',
        "key_value": "symbol=BTCUSDT.P side=long sl=60000 tp=70000",
        "three_commas": '{"message_type": "bot", "pair": "USDT_BTC", "stop_loss": '
        '{"enabled": true, "trigger_price_percent": 2}}',
    },
)
_CONFLICTS = frozenset({"not_trading", "idempotency_key_reused"})


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A signal is stored, or was before; what becomes of it is told by `GET signals/{signal_id}/`."""

    signal_id: int
    status: SignalStatus
    repeated: bool


@post(
    "/{secret:str}",
    status_code=202,
    opt={"access": "open", TEXT_BODY: ALERTS},
    request_max_body_size=BODY_BYTES_MAX,
    summary="Receive an alert",
    responses={
        202: ResponseSpec(Received, generate_examples=False, description="Stored; trading it is under way."),
        **problems(404, 409, 413, 422),
    },
)
async def receive(
    request: Request[object, object, State], services: NamedDependency[Services], secret: FromPath[str]
) -> Response[bytes]:
    """JSON as TradingView or 3Commas send it, or `key=value` text, of any content type.

    What cannot be read is stored too and answered by 422 with the rule that it breaks and its `signal_id`.
    """
    source = await source_of_secret(services.as_system(), secret)
    acting.known_by(f"source {source.id}", source.user_id)
    stored = await receive_alert(services, source.id, await request.body())
    if stored.signal.status is SignalStatus.REJECTED:
        return rejected(stored.signal)
    answer = Received(signal_id=stored.signal.id, status=stored.signal.status, repeated=stored.repeated)
    return Response(msgspec.json.encode(answer), status_code=202, media_type="application/json")


def rejected(signal: SignalView) -> Response[bytes]:
    """The refusal of a signal that is stored as REJECTED."""
    code = signal.code or "rejected"
    numbers = {**signal.numbers, "signal_id": str(signal.id)}
    return problem(409 if code in _CONFLICTS else 422, code, signal.reason or code, field=signal.field, numbers=numbers)


router = Router("/webhooks/in", route_handlers=[receive], tags=["Signals"])
