"""Price paths as message arguments: msgpack, cut and packed so that no message grows without bound."""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from services.domain.path import Path

SYMBOLS_MAX = 50
BARS_MAX = 50 * 60

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Path, ...])


def encode_paths(paths: Sequence[Path], *, symbols_max: int = SYMBOLS_MAX, bars_max: int = BARS_MAX) -> list[bytes]:
    """`paths` as message arguments of at most `symbols_max` paths and `bars_max` bars each, in order."""
    batches: list[list[Path]] = []
    bars = 0
    for piece in chain.from_iterable(_cut(path, bars_max) for path in paths):
        if not batches or len(batches[-1]) == symbols_max or bars + len(piece.bars) > bars_max:
            batches.append([])
            bars = 0
        batches[-1].append(piece)
        bars += len(piece.bars)
    return [_encoder.encode(batch) for batch in batches]


def decode_paths(batch: bytes) -> tuple[Path, ...]:
    """The paths in one message argument. Raises one of MALFORMED for anything else."""
    return _decoder.decode(batch)


def _cut(path: Path, bars_max: int) -> Iterator[Path]:
    """`path` as consecutive paths of at most `bars_max` bars; the last one keeps the bar in progress."""
    while len(path.bars) > bars_max:
        end = path.bars[bars_max].open_time
        yield msgspec.structs.replace(path.until(end), tail=None, mark_tail=None)
        path = path.since(end)
    yield path
