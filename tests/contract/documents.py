"""The document as the contract's tests take it."""

from copy import deepcopy
from typing import Any


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """A copy by which an answer with a field that is not documented is a misfit.

    To clients the document leaves answers open, for fields may come; here nothing may come that it does not tell.
    """
    told = deepcopy(document)
    for schema in told["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return told


def linked(document: dict[str, Any]) -> dict[str, Any]:
    """A copy with the operations alone that name a thing, or that one can be named to."""
    told = deepcopy(document)
    told["paths"] = {
        path: {
            method: operation
            for method, operation in operations.items()
            if "{" in path or any("links" in answer for answer in operation["responses"].values())
        }
        for path, operations in told["paths"].items()
    }
    return told
