"""Tests that may share one server and one market: none depends on what the others have left there."""
