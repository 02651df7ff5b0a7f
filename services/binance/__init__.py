"""Binance public market data: wire structs, client, conversion."""
