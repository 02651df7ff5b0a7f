"""How plain values look in the OpenAPI document where the framework says less, or something else, than what is sent."""

from datetime import time
from decimal import Decimal
from typing import Any

from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

_FORMATS = {Decimal: "decimal", time: "time"}


class PlainSchema(OpenAPISchemaPlugin):
    """Describes exact numbers, which travel as strings, and times of day."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Whether it is one of them."""
        return value in (Decimal, time)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """A string of a named format."""
        named: Any = _FORMATS[field_definition.annotation]  # formats that the framework's list does not have
        return Schema(type=OpenAPIType.STRING, format=named)
