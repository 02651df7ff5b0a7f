"""What the prints make of a wish of a story, down to its size and its price of entry."""

from tests.evaluation import oracle
from tests.evaluation.desk import GRID, SIZE
from tests.evaluation.story import PLACES, SLIPPAGE, SPREAD, Story, Wish


def truth_of(story: Story, wish: Wish) -> oracle.Truth:
    """Nothing of it is taken from the product."""
    terms = terms_of(wish)
    prints = [(each.time, each.price) for each in story.tapes[wish.place].prints]
    return oracle.judge(terms, prints, [order.command for order in wish.orders], story.end)


def terms_of(wish: Wish) -> oracle.Terms:
    """A market entry pays the quote: the last price is the bid, and the ask lies above it."""
    long, model = wish.direction == "LONG", wish.model.value
    quote = wish.last + SPREAD if long else wish.last
    entry = oracle.entered(quote, long=long, model=model, average_range=SLIPPAGE.average_range)
    price = wish.limit or entry
    return oracle.Terms(
        market=PLACES[wish.place][0].value,
        long=long,
        at=wish.at,
        quantity=SIZE * wish.leverage / price // GRID.step_size * GRID.step_size,
        leverage=wish.leverage,
        stop=wish.stop,
        target=wish.target,
        model=model,
        half_spread=SLIPPAGE.half_spread,
        average_range=SLIPPAGE.average_range,
        limit=wish.limit,
        entry=None if wish.limit else entry,
    )
