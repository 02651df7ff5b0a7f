"""Every bar is the aggregate of its prints: on the model alone, overridden, and cut."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.simulator.instruments import table
from deploy.simulator.listings import synthetic_instrument
from deploy.simulator.segments import FOREVER
from deploy.simulator.split import Ohlc
from deploy.simulator.synthetic import DAY, HOUR, MINUTE
from deploy.simulator.tape import Tape

ROWS = [row for row in table() if row.status == "TRADING"]
NOW = 1_795_000_000_000
seeds = st.integers(0, 2**32)
rows = st.sampled_from(ROWS)
times = st.integers(NOW - 300 * DAY, NOW + 300 * DAY)


def aggregate(prints) -> Ohlc | None:
    prices = [p.price for p in prints]
    return Ohlc(prices[0], max(prices), min(prices), prices[-1]) if prices else None


def joined(bars) -> Ohlc:
    return Ohlc(bars[0].open, max(b.high for b in bars), min(b.low for b in bars), bars[-1].close)


def check_stretch(tape: Tape, start: int, end: int) -> None:
    prints = tape.prints(start, end, 1 << 30)
    assert tape.extent(start, end) == aggregate(prints)
    assert [p.time for p in prints] == sorted(p.time for p in prints)
    assert [p.id for p in prints] == list(range(tape.first_id(start), tape.first_id(start) + len(prints)))
    assert tape.volume(start, end) == (len(prints), sum(p.quantity for p in prints))
    assert all(p.price > 0 for p in prints)
    if prints:
        assert tape.last(end - 1) == prints[-1].price


@given(seeds, rows, times, st.integers(1, 150_000))
@settings(max_examples=150, deadline=None)
def test_any_stretch_is_the_aggregate_of_its_prints(seed, row, start, length):
    check_stretch(synthetic_instrument(seed, row).tape, start, start + length)


@given(seeds, rows, times)
@settings(max_examples=50, deadline=None)
def test_each_second_begins_with_a_print(seed, row, time):
    tape = synthetic_instrument(seed, row).tape
    begin = time - time % 1000
    assert [p.time for p in tape.prints(begin, begin + 1, 9)] == [begin], "no moment is without a bar in progress"
    assert tape.last(begin) == tape.extent(begin, begin + 1).close


@given(seeds, rows, times, st.sampled_from([(HOUR, MINUTE), (DAY, HOUR), (7 * DAY, DAY), (3 * HOUR, 7 * MINUTE)]))
@settings(max_examples=60, deadline=None)
def test_bars_add_up_to_longer_bars(seed, row, start, lengths):
    tape = synthetic_instrument(seed, row).tape
    whole, part = lengths
    start -= start % 60_000
    bars = [tape.bar(t, min(t + part, start + whole)) for t in range(start, start + whole, part)]
    assert tape.bar(start, start + whole) == joined(bars)


@given(seeds, st.sampled_from([r for r in ROWS if r.market == "FUTURES"]), times)
@settings(max_examples=30, deadline=None)
def test_mark_bars_add_up_and_stay_inside_the_last_price(seed, row, start):
    instrument = synthetic_instrument(seed, row)
    start -= start % HOUR
    mark, last = instrument.mark, instrument.tape
    minutes = [mark.bar(t, t + MINUTE) for t in range(start, start + HOUR, MINUTE)]
    seconds = [mark.bar(t, t + 1000) for t in range(start, start + MINUTE, 1000)]
    assert joined(seconds) == minutes[0]
    assert joined(minutes) == mark.bar(start, start + HOUR)
    day = start - start % DAY
    assert joined([mark.bar(t, t + HOUR) for t in range(day, day + DAY, HOUR)]) == mark.bar(day, day + DAY)
    traded = last.bar(start, start + HOUR)
    assert traded.low <= minutes[0].low
    assert minutes[0].high <= traded.high


@st.composite
def overrides(draw):
    first = NOW + draw(st.integers(-200_000, 200_000))
    steps = draw(st.lists(st.integers(0, 40_000), max_size=12))
    moments = [first]
    for step in steps:
        moments.append(moments[-1] + step)
    prices = draw(st.lists(st.integers(1, 10**7), min_size=len(moments), max_size=len(moments)))
    return tuple(moments), tuple(prices)


@given(seeds, rows, st.lists(overrides(), min_size=1, max_size=4), st.integers(-300_000, 300_000))
@settings(max_examples=120, deadline=None)
def test_overridden_tapes_agree_with_themselves(seed, row, laid, shift):
    tape = synthetic_instrument(seed, row).tape
    for moments, prices in laid:
        tape.override(moments, prices)
    moments, prices = laid[-1]
    got = tape.prints(moments[0], moments[-1] + 1, 1 << 30)
    assert [(p.time, p.price) for p in got] == list(zip(moments, prices, strict=True))
    assert tape.last(moments[-1]) == prices[-1]
    for start, end in ((NOW + shift, NOW + shift + 90_000), (moments[0] - 5_000, moments[-1] + 5_000)):
        check_stretch(tape, start, end)
    number = tape.first_id(NOW + shift)
    assert tape.first_id(tape.time_of_id(number, NOW + DAY)) <= number
    assert any(p.id == number for p in tape.prints(tape.time_of_id(number, NOW + DAY), FOREVER, 50))


@given(seeds, rows, times, st.integers(0, 3 * HOUR))
@settings(max_examples=60, deadline=None)
def test_a_halt_has_no_bars_and_the_price_goes_on_where_it_was(seed, row, start, length):
    tape = synthetic_instrument(seed, row).tape
    price = tape.last(start)
    tape.halt(start)
    assert tape.last(start + 5 * DAY) == price
    assert tape.bar(start + MINUTE, start + 2 * MINUTE) is None
    tape.resume(start + length)
    assert tape.last(start + length) == price
    check_stretch(tape, start - 60_000, start + length + 60_000)


def test_the_same_seed_makes_the_same_prices_and_another_seed_others():
    row = ROWS[0]
    prices = [synthetic_instrument(seed, row).tape.last(NOW) for seed in (1, 1, 2)]
    assert prices[0] == prices[1] != prices[2]


def test_spot_and_futures_of_a_coin_move_together():
    spot, futures = (next(r for r in ROWS if r.symbol == "ETHUSDT" and r.market == m) for m in ("SPOT", "FUTURES"))
    tapes = [synthetic_instrument(3, row).tape for row in (spot, futures)]
    for day in range(40):
        a, b = (tape.last(NOW + day * DAY) for tape in tapes)
        assert abs(Decimal(a) / Decimal(b) - 1) < Decimal("0.003")


def test_prices_keep_near_their_level_for_weeks_and_are_lively():
    moved = 0
    pairs = [row for row in ROWS if row.quote == "USDT"]
    for row in pairs:
        tape = synthetic_instrument(7, row).tape
        level = row.price / row.tick
        for week in range(8):
            assert level / 4 < tape.last(NOW + week * 7 * DAY) < level * 4
        bar = tape.bar(NOW - NOW % MINUTE, NOW - NOW % MINUTE + 2 * MINUTE)
        moved += (bar.high - bar.low) * 1000 >= 6 * bar.low
    assert moved > len(pairs) // 10, "two minutes reach 0.3 % to either side on many pairs"
