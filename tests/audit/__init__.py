"""Tests of the audit log: who did what."""
