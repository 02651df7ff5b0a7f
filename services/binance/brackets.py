"""Maintenance brackets of USDT-M contracts: the table that is shipped, and tables an operator brings.

The exchange tells them only to holders of a key, which this system never has: hence a dated table, and a way to
replace it by the answer of `GET /fapi/v1/leverageBracket` that somebody saved.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec

from services.domain.brackets import Bracket, Brackets
from services.domain.errors import InvalidData
from services.domain.malformed import MALFORMED

_FILE = "brackets.json"
BROUGHT = "leverageBracket.json"
"""What a recording calls brackets of its own: the exchange's answer as it was saved."""

_NUMBER_MAX = Decimal("1e30")
"""The last bracket of real tables reaches to 2^63 - 1."""

UNKNOWN: Brackets = (Bracket(Decimal(0), Decimal(5_000_000), Decimal("0.025"), Decimal(0), 20),)
"""For a contract that no table knows yet, as a new one: terms that Binance gives to small ones, on the safe side."""


class _Schedule(msgspec.Struct):
    symbols: list[str]
    brackets: Brackets


class _Table(msgspec.Struct):
    as_of: str
    schedules: list[_Schedule]


class _Row(msgspec.Struct, rename="camel"):
    """A bracket as the exchange spells it."""

    initial_leverage: int
    notional_cap: Decimal
    notional_floor: Decimal
    maint_margin_ratio: Decimal
    cum: Decimal


class _Contract(msgspec.Struct):
    symbol: str
    brackets: list[_Row]


def as_of() -> str:
    """The date of the shipped table."""
    return _table().as_of


def shipped(symbol: str) -> Brackets:
    """The brackets of a contract in the shipped table, or UNKNOWN."""
    return _by_symbol().get(symbol, UNKNOWN)


class Schedules(msgspec.Struct, frozen=True):
    """Brackets by contract, and whose they are, for people. The shipped table has those that are not among them."""

    origin: str
    by_symbol: Mapping[str, Brackets]

    def of(self, symbol: str) -> Brackets:
        """The brackets of a contract, or UNKNOWN."""
        return self.by_symbol.get(symbol) or shipped(symbol)


def of_recording(folder: Path) -> Schedules:
    """The brackets that hold for trades in a recording: its own before the shipped ones.

    Raises InvalidData for a broken file, OSError for one that cannot be read.
    """
    table, path = f"the shipped table of {as_of()}", folder / BROUGHT
    if not path.exists():
        return Schedules(table, {})
    try:
        found = read_answer(path.read_bytes())
    except InvalidData as error:
        raise InvalidData(f"{path}: {error}") from error
    return Schedules(f"{BROUGHT} for {len(found)} contracts, else {table}", found)


def read_answer(body: bytes) -> dict[str, Brackets]:
    """The brackets by symbol in an answer of leverageBracket. Raises InvalidData naming what is wrong with it."""
    try:
        contracts = msgspec.json.decode(body, type=list[_Contract], strict=False)
    except MALFORMED as error:
        raise InvalidData(f"not an answer of leverageBracket: {error}") from error
    found = {}
    for contract in contracts:
        _check_numbers(contract)
        rows = sorted(contract.brackets, key=lambda row: row.notional_floor)
        brackets = tuple(
            Bracket(row.notional_floor, row.notional_cap, row.maint_margin_ratio, row.cum, row.initial_leverage)
            for row in rows
        )
        _check(contract.symbol, brackets)
        found[contract.symbol] = brackets
    return found


def _check_numbers(contract: _Contract) -> None:
    for row in contract.brackets:
        for field, value in zip(row.__struct_encode_fields__, msgspec.structs.astuple(row), strict=True):
            if not (Decimal(value).is_finite() and 0 <= value < _NUMBER_MAX):
                raise InvalidData(f"{contract.symbol}: {field} must be a finite number, 0 or more, got {value}")


def _check(symbol: str, brackets: Brackets) -> None:
    if not brackets or brackets[0].floor != 0:
        raise InvalidData(f"{symbol}: the brackets must begin at a notional of 0")
    deduction = Decimal(0)
    for before, each in zip((None, *brackets), brackets, strict=False):
        if before is not None:
            deduction += each.floor * (each.rate - before.rate)
            if each.floor != before.cap or each.rate < before.rate:
                raise InvalidData(f"{symbol}: the brackets must adjoin and their rates must not fall")
        if not 0 < each.rate < 1 or each.leverage_max < 1 or each.cap <= each.floor:
            raise InvalidData(f"{symbol}: an impossible bracket from {each.floor}")
        if abs(each.deduction - deduction) > 1:
            raise InvalidData(f"{symbol}: cum {each.deduction} of the bracket from {each.floor} should be {deduction}")


@cache
def _table() -> _Table:
    body = resources.files("services.binance").joinpath(_FILE).read_bytes()
    return msgspec.json.decode(body, type=_Table)


@cache
def _by_symbol() -> dict[str, Brackets]:
    return {symbol: schedule.brackets for schedule in _table().schedules for symbol in schedule.symbols}
