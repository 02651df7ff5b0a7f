"""The OpenAPI document, for tests of all that it describes: where login is required, strangers do not get it."""

import json
from typing import Any

from api.contract import document


def described() -> dict[str, Any]:
    """The document, made anew: whoever asks may change it."""
    return json.loads(document())
