"""Tests of the HTTP surface: over real sockets, on real servers and the simulated exchange."""
