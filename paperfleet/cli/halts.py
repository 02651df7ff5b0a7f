"""`paperfleet pause`, `no-new-trades`, `kill`, `resume`: stop the fleet or new trades; `void`: strike out a trade."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.operator import operator
from paperfleet.cli.processes import as_command
from services.domain.halts import Halt, Halted

if TYPE_CHECKING:
    from services.usecases.context import Services

_WHY = typer.Option("--reason", help="Why, for those who ask later.")


def pause(reason: Annotated[str, _WHY]) -> None:
    """Stop the whole fleet: no prices are fetched, no trade is judged or made. Housekeeping goes on.

    Work that has begun ends. After `resume` every pair is judged from where it was: no price is missed.
    """
    from services.usecases.halt import halt

    _carry_out(lambda services: halt(services, Halted.FLEET, reason, operator().via))


def no_new_trades(reason: Annotated[str, _WHY]) -> None:
    """Stop new trades, whoever asks for them; live ones are followed to their end."""
    from services.usecases.halt import halt

    _carry_out(lambda services: halt(services, Halted.NEW_TRADES, reason, operator().via))


def kill(reason: Annotated[str, _WHY]) -> None:
    """The kill switch: no new trades, every account back to paper at once. Live trades are followed to their end."""
    from services.usecases.kill_switch import kill as stop_all

    _carry_out(lambda services: stop_all(services, reason, operator().via))


def resume() -> None:
    """Let everything go on that was stopped."""
    from services.usecases.halt import resume as lift

    async def both(services: "Services") -> list[Halt]:
        await lift(services, Halted.NEW_TRADES, operator().via)
        return await lift(services, Halted.FLEET, operator().via)

    _carry_out(both)


def void(
    trade_id: Annotated[int, typer.Argument(metavar="TRADE")],
    reason: Annotated[str, _WHY],
) -> None:
    """Strike out a trade that was closed wrongly: it counts for nothing, and what it booked is taken back.

    Nothing is deleted; the account's stream tells of it, the audit log of who did it.
    """
    from services.domain.view import TradeView
    from services.usecases.void_trade import void_trade

    async def strike_out(services: "Services") -> TradeView:
        return await void_trade(services, trade_id, reason, operator().via)

    trade = as_command(strike_out)
    typer.echo(f"struck out: trade {trade.id} of {trade.symbol_detail.symbol}, closed {trade.exit_time:%Y-%m-%d %H:%M}")


def _carry_out(word: "Callable[[Services], Awaitable[list[Halt]]]") -> None:
    stopped = as_command(word)
    for each in stopped:
        typer.echo(f"stopped: {each.what} since {each.since:%Y-%m-%d %H:%M:%S} UTC by {each.by_whom}: {each.reason}")
    if not stopped:
        typer.echo("everything runs")
