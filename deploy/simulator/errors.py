"""The exchange's error answers, by their real codes and texts."""

import json


class ApiError(Exception):
    """An error answer: HTTP status, Binance code, message."""

    def __init__(self, status: int, code: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.body = json.dumps({"code": code, "msg": message}, separators=(",", ":")).encode()


def illegal(parameter: str, pattern: str) -> ApiError:
    """A parameter that does not match its regular expression."""
    return ApiError(400, -1100, f"Illegal characters found in parameter '{parameter}'; legal range is '{pattern}'.")


def duplicated(parameter: str) -> ApiError:
    """A parameter that was sent twice."""
    return ApiError(400, -1101, f"Duplicate values for parameter '{parameter}'.")


def missing(parameter: str) -> ApiError:
    """A mandatory parameter that is not there."""
    return ApiError(400, -1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def empty(parameter: str) -> ApiError:
    """An optional parameter without a value."""
    return ApiError(400, -1105, f"Parameter '{parameter}' was empty.")


def bad_interval() -> ApiError:
    """An unknown kline interval."""
    return ApiError(400, -1120, "Invalid interval.")


def bad_symbol() -> ApiError:
    """A symbol the exchange does not list."""
    return ApiError(400, -1121, "Invalid symbol.")


def bad_status() -> ApiError:
    """An unknown symbolStatus."""
    return ApiError(400, -1122, "Invalid symbolStatus.")


def range_too_long(hours: int) -> ApiError:
    """startTime and endTime too far apart."""
    return ApiError(400, -1127, f"More than {hours} hours between startTime and endTime.")


def bad_combination() -> ApiError:
    """Optional parameters that exclude each other."""
    return ApiError(400, -1128, "Combination of optional parameters invalid.")


def bad_value(parameter: str) -> ApiError:
    """A value outside its range."""
    return ApiError(400, -1130, f"Data sent for parameter '{parameter}' is not valid.")


def bad_ticker_type() -> ApiError:
    """A ticker type other than FULL and MINI."""
    return ApiError(400, -1139, "Invalid ticker type.")


def duplicate_symbols() -> ApiError:
    """The same symbol twice in `symbols`."""
    return ApiError(400, -1151, "Symbol is present multiple times in the list.")


def status_mismatch() -> ApiError:
    """A symbol that exists with another status than asked for."""
    return ApiError(400, -1220, "The symbol's status does not match the requested symbolStatus.")


def start_after_end() -> ApiError:
    """Futures only: the range is empty."""
    return ApiError(400, -1023, "Start time is greater than end time.")
