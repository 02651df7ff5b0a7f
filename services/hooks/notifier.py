"""Notifications by Apprise: which of its URLs are accepted, and one message sent from a thread within bounds.

Apprise URLs are powerful: some of their parameters read files or switch off certificate checks, some services are any
host at all. So services and parameters are named one by one here, and every connection is judged (`thread_guard`).
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from services.hooks.addresses import Forbidden, Policy, check_no_exchange
from services.hooks.client import Answer
from services.hooks.own_thread import in_own_thread
from services.hooks.thread_guard import guarded

SEND_SECONDS = 30.0
CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
URL_LENGTH_MAX = 2000

_PARAMETERS = frozenset(
    {
        *("format", "overflow", "name", "from", "to", "cc", "bcc", "reply", "smtp", "mode", "user", "pass"),
        *("image", "footer", "avatar", "silent", "preview", "topic", "thread", "priority", "sound", "tags", "channel"),
        *("tts", "token", "device", "blocks", "timestamp", "fields", "href", "click", "icon", "version", "msgtype"),
    }
)
_SILENT = ("apprise", "urllib3", "requests")
for _name in _SILENT:
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # their lines carry tokens


class Notifier:
    """Sends messages to notification services, for one event loop."""

    def __init__(self, policy: Policy, schemas: Iterable[str], *, send_seconds: float = SEND_SECONDS) -> None:
        self._policy = policy
        self._schemas = frozenset(schemas)
        self._send_seconds = send_seconds
        self._left: dict[str, Future[str]] = {}

    async def check(self, url: str) -> None:
        """Raises Forbidden unless `url` may be used, by its form."""
        schema = schema_of(url)
        if schema not in self._schemas:
            raise Forbidden(f"this service is not among those allowed here: {', '.join(sorted(self._schemas))}")
        _check_form(url)
        plugin = await asyncio.wrap_future(in_own_thread(partial(_plugin, url)))
        if plugin is None:
            raise Forbidden(f"this is not a complete {schema}:// URL")
        for host in _hosts(plugin):
            check_no_exchange(host)

    async def send(self, url: str, title: str, body: str) -> Answer:
        """What came of it. Never raises for what the service, or the way there, does."""
        started = time.monotonic()
        try:
            await self.check(url)
            error = await self._send_within_bounds(url, title, body)
        except Forbidden as refusal:
            error = f"refused here: {refusal}"
        return Answer(None if error else 200, error, round((time.monotonic() - started) * 1000))

    async def _send_within_bounds(self, url: str, title: str, body: str) -> str:
        """The reason why it failed. No thread can be stopped: `url` gets no other until the one left to it ends."""
        if url in self._left:
            return "the attempt before has not ended yet"
        sending = in_own_thread(partial(self._send, url, title, body))
        try:
            async with asyncio.timeout(self._send_seconds):
                return await asyncio.wrap_future(sending)
        except TimeoutError:
            self._left[url] = sending
            sending.add_done_callback(lambda _: self._left.pop(url, None))
            return f"no answer within {self._send_seconds:g} s"

    def _send(self, url: str, title: str, body: str) -> str:
        """The reason why it failed, empty if it did not."""
        plugin = _plugin(url)
        if plugin is None:
            return "this is not a complete URL"
        plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
        try:
            with guarded(self._policy):
                taken = plugin.notify(body=body, title=title, body_format="text")
        except Forbidden as refusal:
            return f"refused here: {refusal}"
        except Exception as error:  # noqa: BLE001 - 130 plugins of others: whatever they raise is one failed attempt
            return f"failed: {type(error).__name__}"
        return "" if taken else "the service did not take it"


def schema_of(url: str) -> str:
    """The part of `url` that may be shown: which service it is. All the rest may be a token."""
    schema, colon, _ = url.partition("://")
    return schema.lower() if colon and schema.isascii() and schema.isalnum() else ""


def masked(url: str) -> str:
    """`url` without anything secret."""
    return f"{schema_of(url)}://***"


def _check_form(url: str) -> None:
    if len(url) > URL_LENGTH_MAX or not url.isprintable() or " " in url:
        raise Forbidden(f"a URL has at most {URL_LENGTH_MAX} printable characters, without spaces")
    names = {name.lower() for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    unknown = sorted(names - _PARAMETERS)
    if unknown:
        raise Forbidden(f"parameters that are not allowed: {', '.join(unknown)}")


def _plugin(url: str) -> Any:
    """Apprise's sender for `url`; None if the URL makes none."""
    import apprise  # 0.2 s and 130 plugins: only for who notifies

    asset = apprise.AppriseAsset(app_id="paperfleet", app_desc="paper trades", app_url="", async_mode=False)
    return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _hosts(plugin: Any) -> list[str]:
    """The hosts that the URL names; what a plugin connects to besides is judged when it does."""
    return [str(host) for name in ("host", "smtp_host") if (host := getattr(plugin, name, None))]
