"""The OpenAPI document without a server: clients' types are generated from it."""

from litestar.serialization import encode_json, get_serializer

from api.app import create_app
from api.completed import complete
from services.settings import Settings


def document() -> bytes:
    """The same JSON that `GET /api/openapi.json` answers. Nothing is connected to."""
    app = create_app(Settings(database_url="postgresql://", redis_url="redis://"))
    whole = complete(app, app.openapi_schema.to_schema())
    return encode_json(whole, serializer=get_serializer(app.type_encoders))
