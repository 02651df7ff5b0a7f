"""What hostile senders send: values that parse and must not pass, and sound answers with a part replaced."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

TEXTS = st.sampled_from(
    [
        *(
            "",
            "NaN",
            "sNaN",
            "Infinity",
            "-Infinity",
            "1e400",
            "1e-400",
            "-1",
            "0",
            "-0",
            "0x10",
            "1_000",
            "\u0663",
            "\uff11",
        ),
        *("1" * 400, "9" * 40, "\x00", "\ud7ff", "\u202e", "\u0663", "\uff11", "{{close}}"),
        *("'; DROP TABLE trades; --", "../../etc/passwd"),
    ]
)
NUMBERS = st.sampled_from([0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**18, 1.5, -0.0, 1e308])
LEAVES = st.one_of(TEXTS, NUMBERS, st.none(), st.booleans(), st.text(max_size=12), st.integers(), st.floats())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


BOMBS = (
    b"[" * 5000,
    b'{"x":' + b"[" * 5000,
    b'{"x":' * 5000,
    b'{"x":' * 5000 + b"1" + b"}" * 5000,
    b'{"x":1' + b"0" * 5000 + b"}",
    b'{"x":1e999999999999999999999}',
    b'{"\xff":1}',
    b'{"x":"\xff"}',
    b'"\xff"',
    b"\xff",
    b"",
    b"null",
    b"<html>",
)
"""A few bytes or kilobytes that break decoders: nested deeper than the stack, no UTF-8, numbers beyond measure."""


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        for name, each in value.items():
            found += _places(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            found += _places(each, (*path, number))
    return found


def numbers_in(value: Any, name: str = "") -> Iterator[tuple[str, Decimal]]:
    """Every Decimal in structs and tuples, with its field."""
    if isinstance(value, Decimal):
        yield name, value
    elif isinstance(value, tuple):
        for each in value:
            yield from numbers_in(each, name)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from numbers_in(getattr(value, field), f"{name}.{field}".lstrip("."))


@st.composite
def spoiled(draw: st.DrawFn, sound: Any) -> Any:
    """`sound` with one to three parts replaced, taken out or repeated."""
    value = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(value)))
        if not path:
            return draw(VALUES)
        holder = value
        for step in path[:-1]:
            holder = holder[step]
        how = draw(st.sampled_from(["replace", "remove", "repeat"]))
        if how == "remove":
            del holder[path[-1]]
        elif how == "repeat" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
        else:
            holder[path[-1]] = draw(VALUES)
    return value
