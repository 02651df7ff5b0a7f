"""`paperfleet doctor`: looks at everything that a fleet needs, and says what is wrong and how to mend it."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paperfleet.client.answers.operations import Finding as ToldFinding
    from services.domain.finding import Finding
    from services.settings import Settings

MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]look[/]", "error": "[red]WRONG[/]"}
CODES = {"ok": 0, "warning": 1, "error": 2}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what is not as it should be.")] = False,
) -> None:
    """Find what is wrong with settings, servers, exchange and fleet, and say how to mend it.

    Exit code 0: all is well; 1: something wants a look; 2: something keeps the fleet from its work.
    """
    import asyncio

    from services.domain.finding import Level, worst

    found = asyncio.run(_examine())
    shown = [each for each in found if not quiet or each.level is not Level.OK]
    (_print_json if as_json else tell_findings)(shown)
    raise typer.Exit(CODES[worst(found)])


async def _examine() -> list["Finding"]:
    from services.domain.finding import wrong
    from services.settings import SettingsError, load

    try:
        settings = load()
    except SettingsError as error:
        mend = "docs/operations.md lists the variables; beside `paperfleet up`: . .paperfleet/settings.env"
        return [wrong("settings", str(error), mend)]
    return [*_settings(settings), *await _servers_and_fleet(settings)]


def _settings(settings: "Settings") -> list["Finding"]:
    from services.domain.finding import doubt, fine
    from services.settings import Login

    found = []
    if settings.quote_max_age_seconds < 2 * settings.sweep_seconds:
        text = (
            f"quotes are too old after {settings.quote_max_age_seconds} s, sweeps come every {settings.sweep_seconds} s"
        )
        found.append(doubt("settings", text, "set PAPERFLEET_QUOTE_MAX_AGE_SECONDS to two sweeps or more"))
    if settings.login is Login.LOCAL and settings.api_host not in ("127.0.0.1", "localhost", "::1"):
        text = f"the API listens on {settings.api_host}, and answers only this machine"
        found.append(doubt("settings", text, "set PAPERFLEET_LOGIN=required to let others in"))
    return found or [fine("settings", "complete")]


async def _servers_and_fleet(settings: "Settings") -> list["Finding"]:
    from services.bootstrap import build
    from services.coordination.connection import redis_client
    from services.domain.finding import Level, worst
    from services.usecases.examine_fleet import examine_fleet
    from services.usecases.examine_servers import examine_postgres, examine_redis
    from services.usecases.examine_sessions import examine_sessions
    from workers.jobs import fleet_jobs

    found = await examine_postgres(settings)
    async with redis_client(settings) as redis:
        found += await examine_redis(redis)
    schema = [each for each in found if each.check in ("postgres", "schema")]
    if worst(schema) is Level.ERROR:
        return found  # the fleet's own tables cannot be read
    found += await examine_sessions(settings)
    async with build(settings, name="paperfleet doctor") as services:
        intervals = {job.name: job.interval for job in fleet_jobs(settings, services)}
        return [*found, *await examine_fleet(services, intervals)]


def _print_json(found: list["Finding"]) -> None:
    import msgspec

    from services.domain.finding import worst

    typer.echo(msgspec.json.encode({"worst": worst(found), "findings": found}))


def tell_findings(found: "Iterable[Finding | ToldFinding]") -> None:
    """A line for each, and under it what to do."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for finding in found:
        text = escape(finding.text) + (f"\n[dim]->[/] {escape(finding.mend)}" if finding.mend else "")
        table.add_row(MARKS[finding.level], finding.check, text)
    Console().print(table)
