"""Paths as message arguments: nothing is lost by cutting and packing, and every message is bounded."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.path import MINUTE, Bar, Path
from workers.batches import BARS_MAX, decode_paths, encode_paths

START = datetime(2026, 1, 1, tzinfo=UTC)


def _path(instrument: int, bars: int, *, halted: int = 0, tail: bool = False) -> Path:
    """A path of `bars` bars, then `halted` minutes without one."""

    def bar(minute: int) -> Bar:
        time, price = START + minute * MINUTE, Decimal(f"0.0001{minute:04}")
        return Bar(time, time + MINUTE, price, price, price, price)

    end = bars + halted
    return Path(instrument, START, START + end * MINUTE, tuple(map(bar, range(bars))), bar(end) if tail else None)


paths = st.lists(
    st.builds(_path, st.integers(1, 9), st.integers(0, 25), halted=st.integers(0, 3), tail=st.booleans()),
    max_size=8,
)


def _joined(pieces: list[Path]) -> list[Path]:
    """Pieces that follow each other, put together again."""
    whole: list[Path] = []
    for piece in pieces:
        last = whole[-1] if whole else None
        if last and piece.start == last.end and piece.start > START and last.tail is None:
            assert piece.instrument_id == last.instrument_id
            whole[-1] = Path(last.instrument_id, last.start, piece.end, last.bars + piece.bars, piece.tail)
        else:
            whole.append(piece)
    return whole


@given(paths, st.integers(1, 5), st.integers(1, 10))
def test_batches_hold_the_same_paths_within_their_bounds(given_paths, symbols_max, bars_max):
    batches = [decode_paths(batch) for batch in encode_paths(given_paths, symbols_max=symbols_max, bars_max=bars_max)]
    assert all(0 < len(batch) <= symbols_max for batch in batches)
    assert all(sum(len(path.bars) for path in batch) <= bars_max for batch in batches)
    assert _joined([path for batch in batches for path in batch]) == given_paths


def test_a_minute_of_fifty_symbols_is_one_message_and_a_long_absence_of_one_symbol_too():
    assert len(encode_paths([_path(number, 1) for number in range(50)])) == 1
    assert len(encode_paths([_path(1, BARS_MAX)])) == 1
    assert len(encode_paths([_path(1, BARS_MAX + 1)])) == 2


def test_anything_else_is_refused():
    with pytest.raises(msgspec.DecodeError):
        decode_paths(msgspec.msgpack.encode([{"instrument_id": "x"}]))
