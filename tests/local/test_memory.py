"""Where the servers of the tests keep their data."""

import os
import subprocess
from types import SimpleNamespace

import pytest

from tests import memory


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(memory, "MEMORY", tmp_path / "memory")
    return tmp_path


def test_it_is_in_memory_until_it_is_not_needed(place):
    with memory.folder(place / "disk") as found:
        assert found.parent == place / "memory"
        (found / "data").touch()
    assert not found.exists()


def test_it_is_elsewhere_where_there_is_little_memory_or_none(place, monkeypatch):
    with monkeypatch.context() as little:
        little.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=memory.ROOM - 1))
        with memory.folder(place / "disk") as found:
            assert found == place / "disk"
    (place / "memory").rmdir()
    with memory.folder(place / "disk") as found:
        assert found == place / "disk"


def test_what_was_left_by_the_dead_is_removed(place):
    with subprocess.Popen(["true"]) as ended:
        pass
    left, lives = (place / "memory" / f"paperfleet-tests-{pid}-x" for pid in (ended.pid, os.getpid()))
    for each in (left, lives):
        each.mkdir()
    with memory.folder(place / "disk"):
        assert (left.exists(), lives.exists()) == (False, True)
