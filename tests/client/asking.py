"""Either client, asked the same way: a test is written once and awaited."""

import asyncio
import inspect

from paperfleet.client import Client


class Awaited:
    """The awaited client; or the blocking one, in a thread of its own, so that this one can answer it."""

    def __init__(self, client):
        self.client = client

    async def __call__(self, path, *arguments, **named):
        part, name = path.split(".")
        method = getattr(getattr(self.client, part), name)
        if isinstance(self.client, Client):
            return await asyncio.to_thread(lambda: _whole(method(*arguments, **named)))
        result = method(*arguments, **named)
        return [each async for each in result] if inspect.isasyncgen(result) else await result

    async def close(self):
        """Let go of the connections."""
        closed = self.client.close()
        if closed is not None:
            await closed


def _whole(result):
    return list(result) if inspect.isgenerator(result) else result
