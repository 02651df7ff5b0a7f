"""What the API answers, as frozen structs: the same names and meanings as in the OpenAPI document.

Money and prices are Decimal, times aware and UTC. Enumerations are plain strings, and unknown fields are skipped, so
that a newer API does not break an older program.
"""
