"""What a decoder raises for bytes from outside that are not what they should be."""

import msgspec

MALFORMED = (msgspec.DecodeError, UnicodeError, RecursionError, ArithmeticError)
"""No JSON or msgpack, or of another shape; no UTF-8; nested deeper than the stack; a number beyond Decimal's exponents.

Catch all of them wherever somebody else has made the bytes: each comes from a body of a few bytes or kilobytes.
"""
