"""Worker processes of tests.workers.worker_process, and a broker of the same Redis."""

import os
import subprocess
import sys

import pytest

from services.settings import Settings
from tests.workers import worker_process
from workers.broker import FleetBroker


@pytest.fixture
def broker(redis_url):
    fleet = FleetBroker(redis_url)
    yield fleet
    fleet.close()


@pytest.fixture
def start(redis_url, tmp_path):
    """Starts worker processes, whose actors can be sent messages; their output is in `output`.

    What still runs at the end is killed.
    """
    worker_process.broker.connect(redis_url)
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
    worker_process.broker.close()
