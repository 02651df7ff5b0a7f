"""The command `paperfleet`: one module a command; heavy imports happen inside the command that needs them."""

import sys
from typing import Annotated

import typer

from paperfleet.cli import (
    accounts,
    accounts_moved,
    backtest,
    backups,
    doctor,
    halts,
    instruments,
    links,
    notifications,
    operate,
    performance,
    processes,
    replay,
    signals,
    simulator,
    sources,
    strategies,
    system,
    tail,
    trades,
    up,
    users,
    webhooks,
    whatif,
)
from paperfleet.cli.expected import explain


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        typer.echo(message, err=True)
        sys.exit(1)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"paperfleet {version('paperfleet')}")
        raise typer.Exit


app = typer.Typer(
    help="Paper-trades every Binance pair on the whole price path. It never sends an order.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version and exit.")
    ] = False,
) -> None:
    pass


app.command("up")(up.up)
app.command("replay")(replay.replay)
app.command("backtest")(backtest.backtest)
app.command("whatif")(whatif.whatif)
app.command("simulator")(simulator.simulator)
_API = "Through the API (--url, --key, or PAPERFLEET_URL, PAPERFLEET_KEY)"
app.add_typer(trades.trades, name="trades", rich_help_panel=_API)
app.add_typer(signals.signals, name="signals", rich_help_panel=_API)
app.add_typer(sources.sources, name="sources", rich_help_panel=_API)
app.add_typer(performance.performance, name="performance", rich_help_panel=_API)
app.add_typer(accounts.accounts, name="accounts", rich_help_panel=_API)
app.add_typer(accounts.keys, name="keys", rich_help_panel=_API)
app.add_typer(links.links, name="links", rich_help_panel=_API)
app.add_typer(webhooks.webhooks, name="webhooks", rich_help_panel=_API)
app.add_typer(notifications.notifications, name="notifications", rich_help_panel=_API)
app.add_typer(users.user, name="user", rich_help_panel=_API)
app.add_typer(system.system, name="system", rich_help_panel=_API)
app.command("tail", rich_help_panel=_API)(tail.tail)
app.command("strategies", rich_help_panel="Operations")(strategies.strategies)
app.command("queues", rich_help_panel="Operations")(operate.queues)
app.command("reconcile", rich_help_panel="Operations")(operate.reconcile)
app.command("lag", rich_help_panel="Operations")(operate.lag)
app.command("pause", rich_help_panel="Operations")(halts.pause)
app.command("no-new-trades", rich_help_panel="Operations")(halts.no_new_trades)
app.command("resume", rich_help_panel="Operations")(halts.resume)
app.command("void", rich_help_panel="Operations")(halts.void)
app.command("doctor", rich_help_panel="Operations")(doctor.doctor)
app.command("backup", rich_help_panel="Operations")(backups.backup)
app.command("restore", rich_help_panel="Operations")(backups.restore)
app.command("new-epoch", rich_help_panel="Operations")(backups.new_epoch)
app.command("kill", rich_help_panel="Operations")(halts.kill)
app.command("export", rich_help_panel="Operations")(accounts_moved.export_account)
app.command("import", rich_help_panel="Operations")(accounts_moved.import_account)
app.command("brackets", rich_help_panel="Operations")(operate.brackets)
app.command("delist", rich_help_panel="Operations")(instruments.delist)
app.command("rename", rich_help_panel="Operations")(instruments.rename)
app.command("migrate", rich_help_panel="Processes of a fleet")(processes.migrate)
app.command("scheduler", rich_help_panel="Processes of a fleet")(processes.scheduler)
app.command("worker", rich_help_panel="Processes of a fleet")(processes.worker)
app.command("api", rich_help_panel="Processes of a fleet")(processes.api)
