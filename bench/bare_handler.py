"""The baseline of `bench api`, a process of its own: a Litestar handler that only answers so many bytes."""

import asyncio
import json
import sys

import uvicorn
import uvloop
from litestar import Litestar, Response, get

from api.server import listen


async def main(size: int) -> None:
    """Serve until stdin ends; the port is the first line of stdout."""
    body = b"x" * size

    @get("/")
    async def bare() -> Response[bytes]:
        return Response(body, media_type="application/json")

    listener = listen("127.0.0.1", 0)
    app = Litestar([bare], openapi_config=None)
    server = uvicorn.Server(uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="error"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(json.dumps(listener.getsockname()[1]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
