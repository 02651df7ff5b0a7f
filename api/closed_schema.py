"""How structs look in the OpenAPI document, where the framework says less: closed ones, and those with examples."""

from litestar._openapi.schema_generation import SchemaCreator
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.openapi.spec import Schema
from litestar.typing import FieldDefinition

from api.examples.answers import KNOWN
from api.examples.whole import whole


class ClosedSchema(StructSchemaPlugin):
    """Describes structs as the framework does, closes those that take no field beyond their own, and adds examples."""

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """The struct's schema."""
        schema = super().to_openapi_schema(field_definition, schema_creator)
        if field_definition.type_.__struct_config__.forbid_unknown_fields:
            schema.additional_properties = False
        if field_definition.type_ in KNOWN:
            schema.examples = [whole(KNOWN[field_definition.type_])]
        for part in (schema.properties or {}).values():
            for each in (part, *(getattr(part, "one_of", None) or ())):
                if isinstance(each, Schema) and each.prefix_items:  # of that length, which the framework leaves open
                    each.min_items = each.max_items = len(each.prefix_items)
        return schema
