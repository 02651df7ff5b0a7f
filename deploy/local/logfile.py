"""The output of one child process: lines from a pipe, on disk and bounded, the last ones in memory."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

FILE_BYTES_MAX = 5_000_000
LINE_BYTES_MAX = 16_384
LINES_KEPT = 30


class LogFile:
    """Lines appended to `path`; when it is full it becomes `<path>.1` and a new one begins."""

    def __init__(self, path: Path, bytes_max: int = FILE_BYTES_MAX) -> None:
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._path = path
        self._bytes_max = bytes_max
        self._file = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        """Append a line (without its end)."""
        if self._file.tell() + len(line) >= self._bytes_max:
            self._file.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._file = self._path.open("ab", buffering=0)
        self._file.write(line + b"\n")
        self.last_lines.append(line.decode(errors="replace"))

    def close(self) -> None:
        """Close the file; `last_lines` stay."""
        self._file.close()


async def copy_lines(read_end: int, write: Callable[[bytes], None]) -> None:
    """Give each line that arrives in the pipe to `write`, until all writers have closed it; then close our end."""
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(read_end, "rb", buffering=0)
    )
    try:
        rest = b""
        while chunk := await stream.read(65_536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_BYTES_MAX:  # no end of line in sight: cut it, memory is bounded
                lines.append(rest)
                rest = b""
            for line in lines:
                write(line)
        if rest:
            write(rest)
    finally:
        transport.close()
