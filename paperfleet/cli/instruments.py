"""An operator's word on pairs that the exchange says too little of: one that has ended, one that was renamed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.processes import carried_out
from services.domain.market import Market

if TYPE_CHECKING:
    from services.usecases.context import Services

_MARKET = typer.Argument(metavar="SPOT|FUTURES", case_sensitive=False)


def delist(
    market: Annotated[Market, _MARKET],
    symbol: Annotated[str, typer.Argument(help="A suspended pair.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="When it ended, ISO 8601 with offset; now if left out.")] = "",
    price: Annotated[str, typer.Option(help="What settles its trades, USDT; the last traded price if left out.")] = "",
) -> None:
    """Declare a suspended pair delisted: once its last bars are walked, its trades are settled.

    Futures that settled, and spot pairs in BREAK for a week, are found without it.
    """
    from services.binance.convert import price as price_of
    from services.domain.errors import InvalidData
    from services.usecases.delist import declare_delisted, end_delisted

    try:
        ended = datetime.fromisoformat(at) if at else None
        if ended is not None and ended.tzinfo is None:
            raise ValueError(f"{at} has no offset")
        worth = price_of(price) if price else None
    except (ValueError, InvalidData) as error:
        raise typer.BadParameter(str(error)) from error

    async def run(services: "Services") -> str:
        await declare_delisted(services, market, symbol, ended, worth)
        gone = await end_delisted(services, market)
        if symbol in gone:
            return f"{market} {symbol} is delisted, its trades have ended"
        return f"{market} {symbol} is delisted once its last bars are walked"

    _carry_out(run)


def rename(
    market: Annotated[Market, _MARKET],
    old: Annotated[str, typer.Argument(help="A suspended pair.")],
    new: Annotated[str, typer.Argument(help="The symbol under which it goes on.")],
) -> None:
    """Let a suspended pair go on under another symbol, with its trades.

    For renames one to one only: a pair that comes back at another scale is another pair.
    """
    from services.usecases.rename_pair import rename_pair

    async def run(services: "Services") -> str:
        await rename_pair(services, market, old, new)
        return f"{market} {old} is {new} from now on"

    _carry_out(run)


def _carry_out(word: "Callable[[Services], Awaitable[str]]") -> None:
    from services.domain.errors import PaperfleetError, Refused

    try:
        typer.echo(carried_out(word))
    except PaperfleetError as error:
        typer.echo(error.message if isinstance(error, Refused) else str(error), err=True)
        raise typer.Exit(1) from error
