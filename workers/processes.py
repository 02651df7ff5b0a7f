"""The two kinds of process of the fleet, put together: what `paperfleet worker` and `paperfleet scheduler` run."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from services import bootstrap
from services.coordination.processes import beating
from services.settings import Settings
from services.usecases.context import Services
from workers import (
    actors,  # noqa: F401 - importing them registers them with the broker
    runner,
    scheduler,
)
from workers.broker import broker
from workers.exporter import exporting
from workers.jobs import fleet_jobs


def run_worker(settings: Settings, queues: Iterable[str], threads: int | None) -> None:
    """Works on `queues`, or on all if none are given, until SIGTERM or SIGINT; see `runner.run`."""
    chosen = tuple(queues)
    served = tuple(sorted(chosen or broker.get_declared_queues()))
    runner.run(settings, chosen, threads, open_services=_living("worker", served))


def run_scheduler(settings: Settings) -> None:
    """Ticks until SIGTERM or SIGINT; any number of schedulers may run. See `scheduler.run`."""
    scheduler.run(settings, open_services=_living("scheduler"), make_jobs=fleet_jobs)


def _living(kind: str, queues: tuple[str, ...] = ()) -> Callable[[Settings], AbstractAsyncContextManager[Services]]:
    """What opens the services of a process that tells the fleet that it lives, and then Prometheus how it is.

    Its metrics last: a cluster takes whoever answers there for a process that works, and ends an older one for it.
    """

    @asynccontextmanager
    async def open_services(settings: Settings) -> AsyncIterator[Services]:
        async with (
            bootstrap.build(settings, name=f"paperfleet-{kind}") as services,
            beating(services.redis, kind, queues, connections=services.connections),
        ):
            with exporting(settings):
                yield services

    return open_services
