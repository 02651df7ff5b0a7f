"""Deterministic randomness: fixed pools of shapes, and a hash that picks places in them.

A generator object per bar would cost more than the bar itself; slicing a shared pool at a hashed offset is as
deterministic and about fifty times cheaper.
"""

import random
from itertools import accumulate

MASK = (1 << 15) - 1
_LONGEST_SLICE = 64
_WORD = (1 << 64) - 1

_source = random.Random(20260703)  # the pools are constants: a simulator's seed enters through `mix` alone


def _wrapped(values: list[float]) -> list[float]:
    return values + values[:_LONGEST_SLICE]


NORMAL = _wrapped([_source.gauss(0.0, 1.0) for _ in range(MASK + 1)])
WALK = list(accumulate(NORMAL))
EXPONENTIAL = _wrapped([_source.expovariate(1.0) for _ in range(MASK + 1)])


def mix(key: int, index: int) -> int:
    """A 64-bit hash of the two numbers: any offset into the pools is taken from its bits."""
    x = (key + index * 0x9E3779B97F4A7C15) & _WORD
    x = ((x ^ (x >> 31)) * 0xBF58476D1CE4E5B9) & _WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _WORD
    return x ^ (x >> 31)
