"""People at work, and one of everything that a path of the API can name, as the one who owns it made it."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from services.coordination import quarantine
from services.coordination.quarantine import Suspect
from services.domain.market import Market
from services.usecases.context import Services
from tests.access.people import Person
from tests.api.running import Api, order

_numbers = itertools.count(1)
MINUTE = 1_800_000_000


def fresh(name: str) -> str:
    return f"{name} {next(_numbers)}"


@dataclass
class Ground:
    """`anna` owns what is made here, but for what only an admin makes."""

    services: Services
    api: Api
    anna: Person
    admin: Person
    price: Decimal
    endpoint: str
    someone: Callable[..., Awaitable[Person]]

    async def made(self, url: str, body: object, by: Person | None = None) -> dict[str, Any]:
        answer = await (by or self.anna).http.post(url, json=body)
        assert answer.is_success, (url, answer.text)
        return answer.json()

    async def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        async with self.services.pool.connection() as connection:
            cursor = await connection.execute(statement, parameters)
            return await cursor.fetchall() if cursor.description else []

    def order(self, **changes: object) -> dict[str, object]:
        return order("SPOT", "BTCUSDT", self.price, position_size="20", **changes)

    def said(self, source: str) -> dict[str, object]:
        stop, target = str(self.price / 2), str(self.price * 2)
        wish = {"market_type": "SPOT", "symbol": "BTCUSDT", "direction": "LONG", "stop_loss": stop}
        return wish | {"take_profit": target, "source": source}

    async def owned(self, name: str) -> str:
        """A fresh one of what a path names so."""
        return str(await getattr(self, name)())

    async def trade_id(self, **changes: object) -> int:
        return (await self.made("/api/paper-trades/", self.order(**changes)))["id"]

    async def account_id(self) -> int:
        if not (spare := getattr(self, "_account", None)):
            spare = self._account = (await self.made("/api/accounts/", {"name": fresh("account")}))["id"]
            await self.anna.sign_in()
        return spare

    async def key_id(self) -> int:
        return (await self.anna.key("read"))["id"]

    async def link_id(self) -> int:
        return (await self.made(f"/api/accounts/{await self.account_id()}/links/", {"name": "a link"}))["id"]

    async def user_id(self) -> int:
        return (await self.someone()).session["user_id"]

    async def invitation_id(self) -> int:
        return (await self.made("/api/users/invitations/", {}, self.admin))["id"]

    async def webhook_id(self) -> int:
        """Verified, with a dead letter; one at a time, for a user has only so many."""
        await self.query("DELETE FROM outlets")
        id_ = (await self.made("/api/webhooks/", {"url": self.endpoint}))["webhook"]["id"]
        await self.made(f"/api/webhooks/{id_}/verify/", None)
        return await self._with_dead_letter(id_)

    async def target_id(self) -> int:
        await self.query("DELETE FROM outlets")
        url = "tgram://123456789:AABBCCDDEEFFGGHHIIJJKKLLMMNNOOPPQQR/12315544"
        return await self._with_dead_letter((await self.made("/api/notifications/", {"url": url}))["id"])

    async def _with_dead_letter(self, outlet_id: int) -> int:
        await self.query(
            """INSERT INTO deliveries (outlet_id, message_id, stream, seq, type, body, state)
               VALUES (%s, 'evt_1', 'a1', 1, 'paper_trade.closed', '{}', 'dead')""",
            outlet_id,
        )
        return outlet_id

    async def source_id(self) -> int:
        return (await self.made("/api/sources/", {"name": fresh("source")}))["id"]

    async def secret(self) -> str:
        return (await self.made(f"/api/sources/{await self.source_id()}/rotate_secret/", None))["secret"]

    async def signal_id(self) -> int:
        return (await self.made("/api/signals/", self.said(fresh("source"))))["id"]

    async def what(self) -> str:
        await self.admin.http.delete("/api/system/halts/fleet/")
        return "fleet"

    async def letter(self) -> str:
        id_ = fresh("letter").replace(" ", "-")
        body = {"actor_name": "fetch_paths", "queue_name": "fetch", "options": {"traceback": "ValueError: no"}}
        await self.services.redis.zadd("tasks:fetch.XQ", {id_: 1000 * MINUTE})
        await self.services.redis.hset("tasks:fetch.XQ.msgs", id_, msgspec.msgpack.encode(body))
        return id_

    async def key(self) -> str:
        await quarantine.first_seen(
            self.services.redis, Market.SPOT, "BTCUSDT", Suspect(float(MINUTE), Decimal(5), MINUTE + 60.0)
        )
        return f"SPOT:BTCUSDT:{MINUTE}"
