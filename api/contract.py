"""The OpenAPI document without a server: clients' types are generated from it, and docs/openapi.json is a copy of it.

`python -m api.contract` rewrites the copy, in which a change of the contract is seen when it is reviewed.
"""

import json
from pathlib import Path

from litestar.serialization import encode_json, get_serializer

from api.app import create_app
from api.completed import complete
from services.settings import Settings

COPY = Path(__file__).parents[1] / "docs/openapi.json"


def document() -> bytes:
    """The same JSON that `GET /api/openapi.json` answers. Nothing is connected to."""
    app = create_app(Settings(database_url="postgresql://", redis_url="redis://"))
    whole = complete(app, app.openapi_schema.to_schema())
    return encode_json(whole, serializer=get_serializer(app.type_encoders))


def legible(told: bytes) -> str:
    """A document line by line, its keys in order: what has not changed stays where it is."""
    return json.dumps(json.loads(told), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COPY.write_text(legible(document()), encoding="utf-8")
