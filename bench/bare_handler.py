"""The baselines of `bench api`, each a process of its own: a handler that only answers so many bytes.

Alone in a Litestar application, or with `--within` as more routes of our API (settings from the environment): that
which reads a trade, emptied, and the same that asks PostgreSQL for nothing first. They take the same and answer with
the same headers.
"""

import argparse
import asyncio
import json
import sys

import uvicorn
import uvloop
from litestar import Litestar, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.access import Caller
from api.app import create_app
from api.server import Server, calm_the_collector, listen
from services.settings import load
from services.usecases.context import Services

PLACE, ASKING = "/api/bare", "/api/asking"


async def main(size: int, *, within: bool) -> None:
    """Serve until stdin ends; the port is the first line of stdout."""
    body = b"x" * size

    @get(f"{PLACE}/{{trade_id:int}}")
    async def bare(trade_id: FromPath[int]) -> Response[bytes]:
        return Response(body, media_type="application/json")

    @get(f"{PLACE}/{{trade_id:int}}")
    async def emptied(
        services: NamedDependency[Services], caller: NamedDependency[Caller], trade_id: FromPath[int]
    ) -> Response[bytes]:
        return Response(body, media_type="application/json", headers={"ETag": '"1"'})

    @get(f"{ASKING}/{{trade_id:int}}")
    async def asking(
        services: NamedDependency[Services], caller: NamedDependency[Caller], trade_id: FromPath[int]
    ) -> Response[bytes]:
        await services.pool.first("SELECT 1")
        return Response(body, media_type="application/json", headers={"ETag": '"1"'})

    listener = listen("127.0.0.1", 0)
    server: uvicorn.Server
    if within:
        app = create_app(load())
        app.register(emptied)
        app.register(asking)
        calm_the_collector()
        server = Server(app)
    else:
        alone = Litestar([bare], openapi_config=None)
        config = uvicorn.Config(alone, loop="uvloop", http="httptools", access_log=False, log_level="error")
        server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(json.dumps(listener.getsockname()[1]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("size", type=int)
    parser.add_argument("--within", action="store_true")
    options = parser.parse_args()
    uvloop.run(main(options.size, within=options.within))
