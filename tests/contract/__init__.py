"""Tests of the API's contract: what its document promises, for any input."""
