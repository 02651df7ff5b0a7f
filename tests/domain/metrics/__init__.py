"""Figures over closed trades, by hand and by property."""
