"""How a bar of evidence looks in the OpenAPI document: it travels as an array, which its class does not say."""

from typing import Any

from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from services.domain.path import Bar


class BarSchema(OpenAPISchemaPlugin):
    """Describes `Bar` as [open time, close time, open, high, low, close]."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Whether it is the bar."""
        return value is Bar

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """An array of six."""
        return Schema(
            type=OpenAPIType.ARRAY,
            description="open time, close time, open, high, low, close",
            items=Schema(type=OpenAPIType.STRING),
            min_items=6,
            max_items=6,
        )
