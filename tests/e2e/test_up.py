"""The whole product as a newcomer runs it: `paperfleet up`, killed and started again."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.running import FIRST_CLOSE_SECONDS, PROGRAM, closed, more_closed, running, trades
from tests.servers import wait_until


@pytest.mark.slow
async def test_a_newcomer_sees_trades_close_and_a_kill_of_everything_loses_nothing(tmp_path: Path, record_property):
    folder = tmp_path / "data"
    with running(folder, tmp_path / "first.log") as first:
        url = await first.url()
        before = await wait_until(lambda: closed(url), FIRST_CLOSE_SECONDS)
        elapsed, alone = first.seconds()
        record_property("first_close_seconds", round(elapsed, 1))
        record_property("first_close_seconds_alone", round(alone, 1))
        assert alone <= FIRST_CLOSE_SECONDS, (
            f"first closed trade after {elapsed:.1f} s, {alone:.1f} s had we been alone"
        )
        assert len(await trades(url)) > 20

        second = subprocess.run([PROGRAM, "up", "--data", str(folder)], capture_output=True, text=True, timeout=60)
        assert second.returncode == 1
        assert url in second.stdout + second.stderr

        first.kill()

    with running(folder, tmp_path / "second.log") as again:
        url = await again.url()
        after = await trades(url)
        for id_, trade in before.items():
            assert after[id_] == trade
        more = await wait_until(lambda: more_closed(url, len(before)), FIRST_CLOSE_SECONDS)
        assert before.keys() <= more.keys()
    assert again.process.returncode == 0, again.output()
    assert "stopped" in again.output()
