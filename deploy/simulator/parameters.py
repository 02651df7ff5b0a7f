"""Query parameters: parsing, and the exchange's own checks in its own words."""

import json
import re
from urllib.parse import unquote_plus

from deploy.simulator import errors

SYMBOL_PATTERN = r"^[\w\-._&&[^a-z]]{1,50}$"
SYMBOLS_PATTERN = r"^\[(\"[\w\-._&&[^a-z]]{1,50}\"(,\"[\w\-._&&[^a-z]]{1,50}\"){0,}){0,1}\]$".replace('\\"', '"')
NUMBER_PATTERN = r"^[0-9]{1,20}$"
_CHARACTER = r"(?:(?![a-z])[\w\-.])"  # Java's [\w\-._&&[^a-z]] as Python spells it
_SYMBOL = re.compile(rf"{_CHARACTER}{{1,50}}")
_SYMBOLS = re.compile(rf'\[("{_CHARACTER}{{1,50}}"(,"{_CHARACTER}{{1,50}}")*)?\]')
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_ZONE = re.compile(r"([+-]?)(\d{1,2})(?::(\d\d))?", re.ASCII)
_MICROSECONDS_FROM = 10**15

Parameters = dict[str, str]


def parse(query: str) -> Parameters:
    """The parameters of a query string. Raises ApiError -1101 for a duplicate."""
    found: Parameters = {}
    if not query:
        return found
    if "%" in query or "+" in query:
        pairs = [(unquote_plus(k), unquote_plus(v)) for k, _, v in (p.partition("=") for p in query.split("&"))]
    else:
        pairs = [(k, v) for k, _, v in (p.partition("=") for p in query.split("&"))]
    for name, value in pairs:
        if name in found:
            raise errors.duplicated(name)
        found[name] = value
    return found


def symbol(parameters: Parameters) -> str:
    """The mandatory symbol, spelled legally."""
    value = parameters.get("symbol", "")
    if not value:
        raise errors.missing("symbol")
    if not _SYMBOL.fullmatch(value):
        raise errors.illegal("symbol", SYMBOL_PATTERN)
    return value


def symbols(parameters: Parameters) -> list[str] | None:
    """The names in `symbols` (spot only), None if it was not sent."""
    value = parameters.get("symbols")
    if value is None:
        return None
    if "symbol" in parameters:
        raise errors.bad_combination()
    if not value:
        raise errors.empty("symbols")
    if not _SYMBOLS.fullmatch(value):
        raise errors.illegal("symbols", SYMBOLS_PATTERN)
    names: list[str] = json.loads(value)
    if len(set(names)) != len(names):
        raise errors.duplicate_symbols()
    return names


def number(parameters: Parameters, name: str) -> int | None:
    """An optional non-negative integer."""
    value = parameters.get(name)
    if value is None:
        return None
    if not value:
        raise errors.empty(name)
    if not _NUMBER.fullmatch(value):
        raise errors.illegal(name, NUMBER_PATTERN)
    return int(value)


def time(parameters: Parameters, name: str) -> int | None:
    """An optional time in ms; microseconds are told by their size."""
    value = number(parameters, name)
    return value // 1000 if value is not None and value >= _MICROSECONDS_FROM else value


def limit(parameters: Parameters, default: int, most: int, *, strict: bool) -> int:
    """The number of rows asked for. Spot cuts it to the maximum, futures (`strict`) refuse more."""
    value = number(parameters, "limit")
    if value is None:
        return default
    if value == 0 or (strict and value > most):
        raise errors.bad_value("limit")
    return min(value, most)


def flag(parameters: Parameters, name: str, *, default: bool) -> bool:
    """An optional boolean."""
    value = parameters.get(name)
    if value is None:
        return default
    if value not in ("true", "false"):
        raise errors.illegal(name, "^(true|false)$")
    return value == "true"


def zone(parameters: Parameters) -> int:
    """The time zone (default UTC) in ms east of it, -12:00 .. +14:00."""
    value = parameters.get("timeZone")
    if value is None:
        return 0
    match = _ZONE.fullmatch(value)
    if match is None:
        raise errors.bad_value("timeZone")
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    minutes = -minutes if match[1] == "-" else minutes
    if not -12 * 60 <= minutes <= 14 * 60:
        raise errors.bad_value("timeZone")
    return minutes * 60_000
