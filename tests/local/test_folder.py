import json

import pytest

from deploy.local.errors import FolderBusy, StackError
from deploy.local.folder import hold
from tests.local.support import said, started

HOLDER = """
import sys, time
from pathlib import Path
from deploy.local.folder import hold

with hold(Path(sys.argv[1])) as folder:
    folder.announce("http://127.0.0.1:8123")
    print("held", flush=True)
    time.sleep(600)
"""


async def test_a_second_holder_is_told_who_runs_and_since_when(tmp_path):
    data = tmp_path / "data"
    holder = await started(HOLDER, str(data))
    try:
        await said(holder, "held")
        since = json.loads((data / "lock").read_text())["since"]
        with pytest.raises(FolderBusy) as refusal, hold(data):
            pass
        for part in (str(data), "http://127.0.0.1:8123", f"process {holder.pid}", since):
            assert part in str(refusal.value)
    finally:
        holder.kill()
        await holder.wait()
    with hold(data) as folder:  # kill -9 leaves the file but not the lock
        assert folder.path == data


def test_a_folder_that_cannot_be_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="cannot be used: Not a directory"), hold(tmp_path / "file" / "data"):
        pass
