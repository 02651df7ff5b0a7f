"""Alerts as public documentation has them, with {stop}, {target}, {price} to be filled in, and what they mean."""

LONG, SHORT = "LONG", "SHORT"

STRATEGY = """{{"passphrase": "p", "time": "2026-07-01T12:00:00Z", "exchange": "BINANCE", "ticker": "BTCUSDT.P",
 "bar": {{"time": "2026-07-01T12:00:00Z", "open": {price}, "high": {price}, "low": {price}, "close": {price},
          "volume": 12.5}},
 "strategy": {{"position_size": 0.5, "order_action": "buy", "order_contracts": 0.5, "order_price": {price},
   "order_id": "Long", "market_position": "long", "market_position_size": 0.5, "prev_market_position": "flat"}}}}"""
THREE_COMMAS = """{{"secret": "token", "max_lag": "300", "timestamp": "{now}", "trigger_price": "{price}",
 "tv_exchange": "BINANCE", "tv_instrument": "BTCUSDT.P", "action": "{action}", "bot_uuid": "0b6f"{more}}}"""
STEPS = """, "order": {{"amount": "100", "currency_type": "quote", "order_type": "market"}},
 "take_profit": {{"enabled": true, "steps": [
   {{"order_type": "limit", "price_percent": 1.5, "volume_percent": 60}},
   {{"order_type": "limit", "price_percent": 3, "volume_percent": 40}}]}},
 "stop_loss": {{"enabled": true, "order_type": "market", "trigger_price_percent": 2}}"""
THREE_COMMAS_STRATEGY = """, "strategy_info": {{"market_position": "short", "market_position_size": "1",
   "prev_market_position": "flat", "prev_market_position_size": "0"}},
 "order": {{"amount": "1", "currency_type": "base"}}"""

SHAPES = {
    "TradingView, minimal": ('{{"symbol": "BTCUSDT.P", "side": "buy", "price": {price}}}', LONG),
    "TradingView, own fields": (
        '{{"ticker": "BINANCE:BTCUSDT.P", "action": "BUY", "sl": "{stop}", "tp": "{target}", "interval": "60"}}',
        LONG,
    ),
    "TradingView, numbers in quotes": (
        '{{"ticker":"BTCUSDTPERP","action":"buy","close":"{price}","stop_loss":"2%","take_profit":"4%"}}',
        LONG,
    ),
    "TradingView, targets": (
        '{{"ticker": "BTCUSDT.P", "signal": "long", "tp1": {target}, "tp2": {target2}, "leverage": "5x"}}',
        LONG,
    ),
    "TradingView, a strategy's nested message": (STRATEGY, LONG),
    "TradingView, a strategy's flat message": (
        '{{"action": "sell", "ticker": "BTCUSDT.P", "market_position": "short", "quantity": "1"}}',
        SHORT,
    ),
    "3Commas signal bot, custom signal": (THREE_COMMAS.replace("{more}", ""), LONG),
    "3Commas signal bot, steps": (THREE_COMMAS.replace("{more}", STEPS), LONG),
    "3Commas signal bot, strategy": (
        THREE_COMMAS.replace("{more}", THREE_COMMAS_STRATEGY).replace("{action}", "sell"),
        SHORT,
    ),
    "3Commas DCA bot": (
        '{{"message_type": "bot", "bot_id": 123, "email_token": "t", "delay_seconds": 0, "pair": "USDT_BTC"}}',
        LONG,
    ),
    "key=value, a line": ("symbol=BTCUSDT.P side=long sl={stop} tp={target} leverage=3", LONG),
    "key=value, lines": ("ticker=BINANCE:BTCUSDT.P\naction=buy\nstop_loss={stop}\n", LONG),
    "key=value, commas": ('pair=BTC/USDT:USDT, side=sell, comment="a breakdown, at last"', SHORT),
    "key=value, semicolons": ("instrument=BTC-USDT-SWAP; direction=long; order_type=limit; price={price}", LONG),
    "a type of order": ('{{"symbol": "BTCUSDT.P", "side": "buy", "type": "take_profit_market"}}', LONG),
    "a market in words": ('{{"symbol": "BTC", "market": "futures", "direction": "Short"}}', SHORT),
}
"""By name: the body and the direction that it means."""

EXITS = {
    "TradingView, a strategy's way to flat": (
        '{{"action": "sell", "ticker": "BTCUSDT.P", "market_position": "flat", "sl": "2%", "price": {price}}}',
        LONG,
    ),
    "TradingView, flat": ('{{"ticker": "BTCUSDT.P", "action": "flat"}}', None),
    "3Commas signal bot, exit": (
        THREE_COMMAS.replace("{more}", "").replace("{action}", "exit_short"),
        SHORT,
    ),
    "3Commas DCA bot, close": (
        '{{"message_type": "bot", "action": "close_at_market_price", "email_token": "t", "pair": "USDT_BTC"}}',
        None,
    ),
    "key=value": ("symbol=BTCUSDT.P action=close_long", LONG),
    "an order of a type that closes": ("symbol=BTCUSDT.P side=buy type=close_short", SHORT),
    "an order, and the position that is left": (
        '{{"ticker": "BTCUSDT.P", "action": "sell", "position": "flat"}}',
        None,
    ),
    "an order, and what it is for": ('{{"ticker": "BTCUSDT.P", "action": "buy", "signal": "exit_short"}}', SHORT),
    "a word that closes, and its side": ("symbol=BTCUSDT.P action=exit direction=long", LONG),
    "a side first": ('{{"symbol": "BTCUSDT.P", "side": "short", "signal": "close"}}', SHORT),
    "an order's side and type": (
        '{{"symbol": "BTCUSDT.P", "type": "market", "side": "sell", "signal": "flat"}}',
        None,
    ),
}
"""Likewise, of alerts that close: the side that ends, None where both do."""


def filled(body: str, price, now: str) -> bytes:
    """The body at this price; its stop lies 5 % below, its targets 5 and 10 % above."""
    return body.format(
        price=price,
        stop=price * 95 / 100,
        target=price * 105 / 100,
        target2=price * 110 / 100,
        now=now,
        action="enter_long",
        more="",
    ).encode()
