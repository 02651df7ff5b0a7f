"""Every command of the cookbook does what it says on a running API."""

import asyncio
import re
from pathlib import Path

import pytest

from paperfleet.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="package")
COOKBOOK = Path(__file__).parents[2] / "docs" / "curl.md"


async def test_every_command_of_the_cookbook_works(api):
    blocks = re.findall(r"^```sh\n(.*?)^```", COOKBOOK.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 12
    assert sum(block.count("curl ") for block in blocks) >= 40
    script = "\n".join(["set -eu", f"URL={api.url}", *blocks, 'echo "done $ID $WAITING"'])
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    text = said.decode()
    assert process.returncode == 0, text[-2000:]
    _, closed, cancelled = text.splitlines()[-1].rsplit(maxsplit=2)
    with Client(api.url) as client:
        trade = client.trades.read(int(closed))
        assert (trade.status, trade.notes, len(trade.exits)) == ("CLOSED_MANUAL", "from the cookbook", 2)
        assert client.trades.read(int(cancelled)).status == "CANCELLED"
