"""Worker processes of tests.workers.worker_process, and the broker by which they are given work."""

import os
import subprocess
import sys

import pytest

from services.settings import Settings
from tests.workers import worker_process


@pytest.fixture
def broker(redis_url):
    worker_process.broker.connect(redis_url)
    yield worker_process.broker
    worker_process.broker.close()


@pytest.fixture
def start(redis_url, tmp_path):
    """Starts worker processes; their output is in `output`. What still runs at the end is killed."""
    processes = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        settings = Settings(database_url="postgresql://unused", redis_url=redis_url).to_environment()
        with (tmp_path / "output").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.workers.worker_process", *arguments],
                env={**os.environ, **settings, **environment},
                stdout=output,
                stderr=output,
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
