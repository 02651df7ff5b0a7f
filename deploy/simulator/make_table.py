"""Makes the built-in instrument table from a folder of recorded exchange answers (a development tool).

    python -m deploy.simulator.make_table FOLDER > deploy/simulator/data/instruments_2026_07.csv

The spot exchangeInfo of 2026 was never recorded whole: a spot pair is taken as TRADING if it had a live bid and had
been quoted ten days before; its tick is the finest decimal place seen in its prices.
"""

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

COLUMNS = (
    *("market", "symbol", "base", "quote", "contract_type", "status", "tick", "step", "min_qty", "min_notional"),
    *("price", "spread_ticks", "price_precision", "quantity_precision", "onboard_ms", "delivery_ms"),
    *("underlying", "funding_hours", "funding_cap"),
)
SPOT_PAIRS = 436
OTHER_QUOTES = ("ETHBTC", "BNBBTC", "BTCUSDC", "ETHUSDC", "BTCFDUSD", "BTCTRY", "ETHEUR")
FEW = 12
Row = dict[str, object]


def load(folder: Path, name: str) -> Any:
    """The parsed JSON of one recording, zipped or not."""
    raw = (folder / name).read_bytes()
    return json.loads(gzip.decompress(raw) if name.endswith(".gz") else raw)


def by_symbol(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows keyed by their symbol."""
    return {row["symbol"]: row for row in rows}


def grid(*texts: str) -> Decimal:
    """The finest decimal place used by `texts`, as a step."""
    exponents = [int(Decimal(text).normalize().as_tuple().exponent) for text in texts if Decimal(text)]
    return Decimal(1).scaleb(min(0, *exponents)) if exponents else Decimal("0.00000001")


def plain(value: Decimal) -> str:
    """Without exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def old_filters(folder: Path) -> dict[str, dict[str, Any]]:
    """Spot filters by symbol, newest recording last."""
    found: dict[str, dict[str, Any]] = {}
    for name in (
        "older/spot_exchangeInfo_full_20211012.json.gz",
        "older/spot_exchangeInfo_1248sym_20240908.json.gz",
        "prod/spot_exchangeInfo_3symbols_BREAK_20260718.json",
        "prod/spot_exchangeInfo_BTC_ETH_XVG_20260703.json",
    ):
        for row in load(folder, name)["symbols"]:
            found[row["symbol"]] = {item["filterType"]: item for item in row["filters"]}
    return found


def spot_rows(folder: Path) -> Iterator[Row]:
    """The trading USDT pairs, then pairs of other quotes, then pairs on BREAK."""
    book = by_symbol(load(folder, "prod/spot_bookTicker_full_20260715T0651Z.json.gz"))
    earlier = by_symbol(load(folder, "prod/spot_ticker_price_full_20260705T2328Z.json.gz"))
    filters = old_filters(folder)
    rows = {
        symbol: spot_row(symbol, "USDT", book[symbol], earlier[symbol]["price"], filters.get(symbol, {}))
        for symbol in book
        if symbol.endswith("USDT") and symbol in earlier and Decimal(earlier[symbol]["price"])
    }
    live = [symbol for symbol in rows if Decimal(book[symbol]["bidPrice"])]
    # Coins whose single tick is more than a percent would only jump: the coarsest are left out.
    live.sort(key=lambda symbol: Decimal(str(rows[symbol]["tick"])) / Decimal(str(rows[symbol]["price"])))
    yield from (rows[symbol] for symbol in book if symbol in live[:SPOT_PAIRS])
    for symbol in OTHER_QUOTES:
        quote = next(name for name in ("BTC", "USDC", "FDUSD", "TRY", "EUR") if symbol.endswith(name))
        yield spot_row(symbol, quote, book[symbol], earlier[symbol]["price"], filters.get(symbol, {}))
    dead = [symbol for symbol in rows if not Decimal(book[symbol]["bidPrice"])]
    yield from ({**rows[symbol], "status": "BREAK"} for symbol in dead[: 2 * FEW])


def spot_row(symbol: str, quote: str, book: dict[str, Any], price: str, filters: dict[str, Any]) -> Row:
    """One spot pair."""
    ask, bid = Decimal(book["askPrice"]), Decimal(book["bidPrice"])
    tick = grid(price, book["askPrice"], book["bidPrice"])
    step = grid(book["askQty"], book["bidQty"])
    lot = filters.get("LOT_SIZE")
    if lot is not None and Decimal(lot["stepSize"]):
        step = min(step, Decimal(lot["stepSize"]).normalize())
    notional = filters.get("NOTIONAL", {}).get("minNotional", "5" if quote == "USDT" else "0.0001")
    return {
        "market": "SPOT",
        "symbol": symbol,
        "base": symbol.removesuffix(quote),
        "quote": quote,
        "status": "TRADING",
        "tick": plain(tick),
        "step": plain(step),
        "min_qty": plain(step),
        "min_notional": plain(Decimal(notional)),
        "price": plain(bid or Decimal(price)),
        "spread_ticks": max(1, int((ask - bid) / tick)),
    }


def futures_rows(folder: Path) -> Iterator[Row]:
    """The trading perpetuals, then a few contracts of every other kind."""
    book = by_symbol(load(folder, "prod/fapi_bookTicker_full_20260715T0651Z.json.gz"))
    funding = by_symbol(load(folder, "prod/fapi_fundingInfo_20260704T1556Z.json.gz"))
    marks = by_symbol(load(folder, "prod/fapi_premiumIndex_20260704T1556Z.json.gz"))
    taken: dict[tuple[str, str, str], int] = {}
    for info in load(folder, "prod/fapi_exchangeInfo_20260708T0000Z.json.gz")["symbols"]:
        kind = (info["contractType"], info["status"], info["quoteAsset"])
        taken[kind] = taken.get(kind, 0) + 1
        mark = marks.get(info["symbol"])
        if mark is None or (kind != ("PERPETUAL", "TRADING", "USDT") and taken[kind] > FEW):
            continue
        yield futures_row(info, book.get(info["symbol"]), mark["markPrice"], funding.get(info["symbol"], {}))


def futures_row(info: dict[str, Any], book: dict[str, Any] | None, mark: str, funding: dict[str, Any]) -> Row:
    """One contract."""
    filters = {item["filterType"]: item for item in info["filters"]}
    tick, lot = Decimal(filters["PRICE_FILTER"]["tickSize"]), filters["LOT_SIZE"]
    bid, ask = (Decimal(book["bidPrice"]), Decimal(book["askPrice"])) if book else (Decimal(0), Decimal(0))
    return {
        "market": "FUTURES",
        "symbol": info["symbol"],
        "base": info["baseAsset"],
        "quote": info["quoteAsset"],
        "contract_type": info["contractType"],
        "status": info["status"],
        "tick": plain(tick),
        "step": plain(Decimal(lot["stepSize"])),
        "min_qty": plain(Decimal(lot["minQty"])),
        "min_notional": plain(Decimal(filters["MIN_NOTIONAL"]["notional"])),
        "price": plain(bid or (Decimal(mark) // tick * tick) or tick),
        "spread_ticks": max(1, int((ask - bid) / tick)),
        "price_precision": info["pricePrecision"],
        "quantity_precision": info["quantityPrecision"],
        "onboard_ms": info["onboardDate"],
        "delivery_ms": info["deliveryDate"],
        "underlying": info["underlyingType"],
        "funding_hours": funding.get("fundingIntervalHours", ""),
        "funding_cap": funding.get("adjustedFundingRateCap", ""),
    }


def main() -> None:
    """Writes the table to standard output."""
    folder = Path(sys.argv[1])
    writer = csv.DictWriter(sys.stdout, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(spot_rows(folder))
    writer.writerows(futures_rows(folder))


if __name__ == "__main__":
    main()
