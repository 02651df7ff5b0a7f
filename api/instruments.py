"""Instruments: every pair that can be paper-traded."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api import cursors
from api.documentation import problems
from api.parameters import Cursor, Limit, text
from api.schemas import InstrumentView, Page
from services.db.instrument_list import Key
from services.domain.market import Instrument, Market
from services.usecases.context import Services
from services.usecases.list_instruments import list_instruments


@get("/", summary="List instruments by market and symbol", responses=problems(422))
async def list_(
    services: NamedDependency[Services],
    market_type: FromQuery[Market | None] = None,
    search: Annotated[str | None, QueryParameter(description="Part of the symbol.")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[InstrumentView]:
    """All of them, delisted ones included; `status` tells which take new trades."""
    after = cursors.decode(cursor, Key)
    found, following = await list_instruments(services, market_type, text(search, "search") or "", limit, after)
    return Page([_view(instrument) for instrument in found], cursors.encode(following))


def _view(instrument: Instrument) -> InstrumentView:
    return InstrumentView(
        instrument_id=instrument.id,
        market_type=instrument.market,
        symbol=instrument.symbol,
        base_asset=instrument.base_asset,
        status=instrument.status,
        tick_size=instrument.filters.tick_size,
        step_size=instrument.filters.step_size,
        min_quantity=instrument.filters.min_quantity,
        min_notional=instrument.filters.min_notional,
    )


router = Router("/instruments", route_handlers=[list_], opt={"access": "public"}, tags=["Market"])
