"""Which trades a scope holds: those that fit in everything that it names."""

from itertools import product

import pytest

from services.domain.market import Market
from services.domain.metrics.scope import Cell, Scope
from services.domain.plan import Direction

CELLS = [Cell(*each) for each in product(Market, Direction, ("chart", "bot"))]


@pytest.mark.parametrize("market", [None, *Market])
@pytest.mark.parametrize("direction", [None, *Direction])
@pytest.mark.parametrize("source", [None, "chart", "another"])
def test_it_holds_what_fits_in_every_way(market, direction, source):
    scope = Scope(account_ids=(1,), market=market, direction=direction, source=source)
    wanted = (market, direction, source)
    fitting = [cell for cell in CELLS if all(want in (None, has) for want, has in zip(wanted, cell, strict=True))]
    assert [cell for cell in CELLS if scope.holds(cell)] == fitting
