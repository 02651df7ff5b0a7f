"""The scanner: strategies on closed candles, by TA-Lib on numpy. Floats live here; prices leave as Decimals."""
