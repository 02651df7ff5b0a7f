"""The two kinds of process of the fleet, put together: what `paperfleet worker` and `paperfleet scheduler` run."""

from collections.abc import Iterable

from services import bootstrap
from services.settings import Settings
from workers import (
    actors,  # noqa: F401 - importing them registers them with the broker
    runner,
    scheduler,
)
from workers.jobs import fleet_jobs


def run_worker(settings: Settings, queues: Iterable[str], threads: int) -> None:
    """Works on `queues`, or on all if none are given, until SIGTERM or SIGINT; see `runner.run`."""
    runner.run(settings, queues, threads, open_services=bootstrap.build)


def run_scheduler(settings: Settings) -> None:
    """Ticks until SIGTERM or SIGINT; any number of schedulers may run. See `scheduler.run`."""
    scheduler.run(settings, open_services=bootstrap.build, make_jobs=fleet_jobs)
