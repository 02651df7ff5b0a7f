"""What one row may break by itself: then the others of its batch go on without it, and the log tells of it."""

from psycopg import errors

FAULTS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError),
    *(errors.DataError, errors.IntegrityError),
)
"""A rule of ours or the database's is broken; none of these tells that a part of the system is away."""
