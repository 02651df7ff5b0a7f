"""Tests of logins, keys, roles and what each may reach."""
