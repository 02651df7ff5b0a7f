"""A simulated exchange that speaks the public REST protocol of Binance spot and USDT-M futures."""
