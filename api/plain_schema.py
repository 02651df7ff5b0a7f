"""How plain values look in the OpenAPI document where the framework says less, or something else, than what is sent."""

from datetime import time
from decimal import Decimal
from typing import Any

from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

DECIMAL: Any = "decimal"  # a format that the framework's list does not have
_CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?$"
"""Of a time of day; JSON Schema's format `time` would have it carry an offset."""


class PlainSchema(OpenAPISchemaPlugin):
    """Describes exact numbers, which travel as strings, and times of day."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Whether it is one of them."""
        return value in (Decimal, time)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """A string: a number, or hours, minutes and seconds."""
        if field_definition.annotation is time:
            return Schema(type=OpenAPIType.STRING, pattern=_CLOCK)
        return Schema(type=OpenAPIType.STRING, format=DECIMAL)
