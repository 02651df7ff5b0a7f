"""Replays against the oracle: on real crashes, and on small recordings of their own making."""
