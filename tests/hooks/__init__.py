"""Tests of what leaves for users' own endpoints."""
