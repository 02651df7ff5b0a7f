"""The document as the contract's tests take it."""

import re
from copy import deepcopy
from typing import Any

AT_ONCE = 3
NAMES = re.compile(r"\{(\w+)\}")


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """A copy by which an answer with a field that is not documented is a misfit.

    To clients the document leaves answers open, for fields may come; here nothing may come that it does not tell.
    """
    told = deepcopy(document)
    for schema in told["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return told


def families(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Copies with AT_ONCE operations that a thing is named to, and all whose answers lead there, by a name."""
    found = {}
    for kind in sorted({names[-1] for path in document["paths"] if (names := NAMES.findall(path))}):
        ends = [
            (path, method)
            for path, operations in document["paths"].items()
            for method in operations
            if NAMES.findall(path)[-1:] == [kind]
        ]
        for first in range(0, len(ends), AT_ONCE):
            found[f"{kind} from {first}"] = _family(document, set(ends[first : first + AT_ONCE]))
    return found


def _family(document: dict[str, Any], kept: set[tuple[str, str]]) -> dict[str, Any]:
    wanted, known = {name for path, _ in kept for name in NAMES.findall(path)}, set[str]()
    while wanted:
        known.add(name := wanted.pop())
        for path, operations in document["paths"].items():
            makers = {(path, method) for method, each in operations.items() if name in _named_by(each)}
            kept = kept | makers
            wanted |= set(NAMES.findall(path) if makers else ()) - known
    told = deepcopy(document)
    told["paths"] = {path: {} for path, _ in sorted(kept)}
    for path, method in sorted(kept):
        told["paths"][path][method] = deepcopy(document["paths"][path][method])
    operations = [each for operations in told["paths"].values() for each in operations.values()]
    ids = {each["operationId"] for each in operations}
    for answer in (answer for each in operations for answer in each["responses"].values()):
        links = {name: each for name, each in answer.pop("links", {}).items() if name in ids}
        answer |= {"links": links} if links else {}
    return told


def _named_by(operation: dict[str, Any]) -> set[str]:
    """The parameters that an answer of this operation gives a value of its own."""
    return {
        name
        for answer in operation["responses"].values()
        for each in answer.get("links", {}).values()
        for name, where in each["parameters"].items()
        if where.startswith("$response")
    }
