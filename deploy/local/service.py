"""What the supervisor can run: the shape of a service, and the plain one, a command."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from deploy.local.process import spawn


class Service(Protocol):
    """Something that runs as one process."""

    @property
    def name(self) -> str:
        """Unique among the supervised; names the log file."""

    @property
    def stop_signal(self) -> signal.Signals:
        """Asks the process to end in order."""

    @property
    def stop_seconds(self) -> float:
        """How long it may take before it is killed."""

    async def start(self, output: int) -> subprocess.Popen[bytes]:
        """Start it, output to the descriptor, and return when it works. Raises StackError; may be cancelled."""


@dataclass(frozen=True)
class Command:
    """A service that is ready as soon as its program runs; `argv` begins with an absolute path."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0

    async def start(self, output: int) -> subprocess.Popen[bytes]:
        """Start the program; it is killed if we die."""
        return spawn(self.argv, environment=self.environment, output=output, die_with=signal.SIGKILL)
