"""The baseline of `bench sse`, a process of its own: a bare asyncio writer on the API's event loop, nothing else.

It greets whoever connects; for each line on stdin, a JSON list of frames, it writes every frame to everybody.
"""

import asyncio
import json
import sys

import uvloop

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: welcome\n\n"


async def main() -> None:
    """Serve until stdin ends; the port is the first line of stdout."""
    writers: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_HEAD)
        writers.append(writer)

    server = await asyncio.start_server(greet, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        frames = [frame.encode() for frame in json.loads(line)]
        await asyncio.gather(*(_send(writer, frames) for writer in writers))


async def _send(writer: asyncio.StreamWriter, frames: list[bytes]) -> None:
    for frame in frames:
        writer.write(frame)
        await writer.drain()


if __name__ == "__main__":
    uvloop.run(main())
