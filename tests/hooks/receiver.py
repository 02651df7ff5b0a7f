"""A user's endpoint for tests: an HTTP server on loopback that keeps what it gets and answers what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified_by(self, secret: str) -> bool:
        try:
            Webhook(secret).verify(self.body, self.headers)
        except Exception:  # noqa: BLE001 - whatever the library says against it
            return False
        return True


@dataclass
class Reply:
    """`delay` seconds come first; with `cut` the connection ends without an answer."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False


@dataclass
class Receiver:
    """`reply` decides on each request; the default takes everything and answers challenges."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    reply: Callable[[Received], Reply] = lambda received: challenge(received)
    now: int = 0
    at_once: int = 0

    @property
    def bodies(self) -> list[Any]:
        return [received.json for received in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            received = await _read(reader)
            self.requests.append(received)
            self.now += 1
            self.at_once = max(self.at_once, self.now)
            reply = self.reply(received)
            await asyncio.sleep(reply.delay)
            self.now -= 1
            if not reply.cut:
                lines = [f"HTTP/1.1 {reply.status} X", f"Content-Length: {len(reply.body)}", "Connection: close"]
                lines += [f"{name}: {value}" for name, value in reply.headers.items()]
                writer.write(("\r\n".join(lines) + "\r\n\r\n" + reply.body).encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def challenge(received: Received) -> Reply:
    data = received.json.get("data", {}) if received.body.startswith("{") else {}
    return Reply(body=data.get("challenge", ""))


@asynccontextmanager
async def receiving(tls: Any = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body.decode())
