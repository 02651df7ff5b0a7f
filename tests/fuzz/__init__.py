"""Hostile input into every decoder that faces outside: each answers with its own refusal, or with something sound."""
