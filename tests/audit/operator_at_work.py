"""An operator at work: commands as they are typed, and what they need."""

import asyncio
import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.audit.people_at_work import Ground
from tests.fleet.fleet import COMMAND
from tests.servers import Servers


@dataclass
class Desk:
    """Where an operator sits: a fleet at work, a folder, and databases that are empty yet."""

    ground: Ground
    folder: Path
    servers: Servers
    closing: ExitStack

    @property
    def url(self) -> str:
        return self.ground.services.settings.database_url

    def empty(self) -> str:
        return self.closing.enter_context(self.servers.database("template0"))

    async def run(self, *words: object, told: str = "", url: str = "") -> str:
        """What the command says, which ends well, on the database at `url`."""
        variables = self.ground.services.settings.to_environment() | {"PAPERFLEET_DATABASE_URL": url or self.url}
        done = await asyncio.to_thread(
            subprocess.run,
            [COMMAND, *map(str, words)],
            env=os.environ | variables,
            input=told,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    async def suspended(self) -> str:
        """A pair on which nobody trades, and which the exchange has halted."""
        ((symbol,),) = await self.ground.query(
            """UPDATE instruments SET status = 'SUSPENDED' WHERE id = (SELECT min(id) FROM instruments i
                   WHERE market = 'SPOT' AND status = 'TRADING'
                       AND NOT EXISTS (SELECT FROM trades t WHERE t.instrument_id = i.id)) RETURNING symbol"""
        )
        return symbol
