"""exchangeInfo of both markets."""

import json
from decimal import Decimal
from typing import Any

from deploy.simulator import errors, parameters
from deploy.simulator.exchange import FUTURES_WEIGHT, SPOT_WEIGHT
from deploy.simulator.instruments import Instrument
from deploy.simulator.request import Request
from deploy.simulator.synthetic import HOUR
from deploy.simulator.tickers import SPOT_STATUSES
from services.domain.market import Market

PERMISSION_SET = ["SPOT", "MARGIN", *(f"TRD_GRP_{number:03d}" for number in range(4, 222))]
_MODES = ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]
_SPOT_ORDERS = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
_FUTURES_ORDERS = [
    *("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"),
]


def spot_info(request: Request) -> bytes:
    """Spot exchangeInfo with all its parameters."""
    query = request.parameters
    show = parameters.flag(query, "showPermissionSets", default=True)
    chosen = _chosen(request)
    answer = {
        "timezone": "UTC",
        "serverTime": request.stamp(request.now),
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, SPOT_WEIGHT),
            _limit("ORDERS", "SECOND", 10, 100),
            _limit("ORDERS", "DAY", 1, 200_000),
            _limit("RAW_REQUESTS", "MINUTE", 5, 300_000),
        ],
        "exchangeFilters": [],
        "symbols": [_spot_symbol(item, show=show) for item in chosen],
    }
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def _chosen(request: Request) -> list[Instrument]:
    query = request.parameters
    names, status = parameters.symbols(query), query.get("symbolStatus")
    if "symbol" in query or names is not None:
        if status is not None or "permissions" in query:
            raise errors.bad_combination()
        return [request.named(name) for name in names] if names is not None else [request.instrument()]
    if status is not None and status not in SPOT_STATUSES:
        raise errors.bad_status()
    if not _permits(query.get("permissions")):
        return []
    return [item for item in request.exchange.listed(Market.SPOT) if status in (None, item.status)]


def _permits(wanted: str | None) -> bool:
    """Whether the simulated pairs, all of one permission set, have one of the `wanted` permissions."""
    if wanted is None:
        return True
    names = wanted.strip("[]").replace('"', "").split(",")
    return any(name in PERMISSION_SET for name in names)


def futures_info(request: Request) -> bytes:
    """Futures exchangeInfo: parameters are ignored, serverTime is hours old."""
    answer = {
        "timezone": "UTC",
        "serverTime": request.now // (6 * HOUR) * (6 * HOUR) + 18_300,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, FUTURES_WEIGHT),
            _limit("ORDERS", "MINUTE", 1, 1200),
            _limit("ORDERS", "SECOND", 10, 300),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_futures_symbol(item) for item in request.exchange.listed(Market.FUTURES)],
    }
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def coin_info(request: Request) -> bytes:
    """COIN-M exchangeInfo: the market is there and lists nothing (some clients always ask)."""
    answer = {
        "timezone": "UTC",
        "serverTime": request.now,
        "rateLimits": [_limit("REQUEST_WEIGHT", "MINUTE", 1, FUTURES_WEIGHT)],
        "exchangeFilters": [],
        "symbols": [],
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _eight(value: Decimal | int) -> str:
    return f"{value:.8f}"


def _spot_symbol(item: Instrument, *, show: bool) -> dict[str, Any]:
    row, trading = item.row, item.is_trading
    allowed = dict.fromkeys(
        ("icebergAllowed", "ocoAllowed", "otoAllowed", "opoAllowed", "quoteOrderQtyMarketAllowed"), True
    )
    amendable = dict.fromkeys(
        ("allowTrailingStop", "cancelReplaceAllowed", "amendAllowed", "pegInstructionsAllowed"), True
    )
    return {
        "symbol": row.symbol,
        "status": item.status,
        "baseAsset": row.base,
        "baseAssetPrecision": 8,
        "quoteAsset": row.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _SPOT_ORDERS,
        **allowed,
        **amendable,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": trading,
        "filters": _spot_filters(item),
        "permissions": [],
        "permissionSets": [PERMISSION_SET] if show and trading else [],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": _MODES,
    }


def _spot_filters(item: Instrument) -> list[dict[str, Any]]:
    row = item.row
    delta = {f"{edge}Trailing{side}Delta": n for side in ("Above", "Below") for edge, n in (("min", 10), ("max", 2000))}
    sides = {f"{side}Multiplier{way}": n for side in ("bid", "ask") for way, n in (("Up", "5"), ("Down", "0.2"))}
    notional = {"minNotional": _eight(row.min_notional), "applyMinToMarket": True}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": _eight(row.tick),
            "maxPrice": _eight(row.tick * 100_000_000),
            "tickSize": _eight(row.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": _eight(row.min_qty),
            "maxQty": _eight(row.step * 900_000_000),
            "stepSize": _eight(row.step),
        },
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": _eight(0),
            "maxQty": _eight(row.step * 16_000_000),
            "stepSize": _eight(0),
        },
        {"filterType": "TRAILING_DELTA", **delta},
        {"filterType": "PERCENT_PRICE_BY_SIDE", **sides, "avgPriceMins": 5},
        {
            "filterType": "NOTIONAL",
            **notional,
            "maxNotional": _eight(9_000_000),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]


def _futures_symbol(item: Instrument) -> dict[str, Any]:
    row = item.row
    return {
        "symbol": row.symbol,
        "pair": row.symbol.partition("_")[0],
        "contractType": row.contract_type,
        "deliveryDate": row.delivery_ms,
        "onboardDate": row.onboard_ms,
        "status": item.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": row.base,
        "quoteAsset": row.quote,
        "marginAsset": row.quote,
        "pricePrecision": row.price_precision,
        "quantityPrecision": row.quantity_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": row.underlying,
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.015000",
        "marketTakeBound": "0.15",
        "maxMoveOrderLimit": 10000,
        "filters": _futures_filters(item),
        "orderTypes": _FUTURES_ORDERS,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY", "DCA", "PSB"],
    }


def _futures_filters(item: Instrument) -> list[dict[str, Any]]:
    row = item.row
    tick, step = f"{row.tick:.{item.price_places}f}", f"{row.step:.{item.quantity_places}f}"
    least = f"{row.min_qty:.{item.quantity_places}f}"
    return [
        {
            "minPrice": tick,
            "filterType": "PRICE_FILTER",
            "tickSize": tick,
            "maxPrice": f"{row.tick * 100_000_000:f}",
        },
        {"stepSize": step, "maxQty": f"{row.step * 1_000_000:f}", "minQty": least, "filterType": "LOT_SIZE"},
        {"stepSize": step, "maxQty": f"{row.step * 120_000:f}", "minQty": least, "filterType": "MARKET_LOT_SIZE"},
        {"limit": 200, "filterType": "MAX_NUM_ORDERS"},
        {"notional": f"{row.min_notional:f}", "filterType": "MIN_NOTIONAL"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierDown": "0.8500",
            "multiplierUp": "1.1500",
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]
