"""The client's structs and wishes have the fields of the OpenAPI document, no more and no less."""

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from msgspec import inspect

from paperfleet.client import wishes
from paperfleet.client.calls import Reading
from tests.client.test_reach import DOCUMENT, FOUND, OPERATIONS

SCHEMAS = DOCUMENT["components"]["schemas"]
UNREAD = {("Session", "csrf_token"): "it goes with the cookie of a browser"}
"""Fields that the API sends and nobody reads, and why."""
UNSENT = {"next"}
"""Of a list that is always whole."""


class Shape(msgspec.Struct):
    """A struct of the client and every schema of the document that it is read from."""

    struct: inspect.StructType
    schemas: list[dict[str, Any]] = []


def _compared(kind: Any, schema: dict[str, Any], found: dict[type, Shape], where: str) -> None:
    """Walk down a type and the schema that it is read from; structs are gathered, everything else is compared."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rsplit("/", 1)[1]]
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        assert isinstance(kind, (inspect.UnionType, inspect.AnyType)), f"{where} may be null"
        schema = next(each for each in choices if each.get("type") != "null")
    elif isinstance(schema.get("type"), list):
        assert isinstance(kind, inspect.UnionType), f"{where} may be null"
    if isinstance(kind, inspect.UnionType):
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(kind, inspect.StructType):
        shape = found.setdefault(kind.cls, Shape(kind))
        if schema not in shape.schemas:
            shape.schemas.append(schema)
            for field in kind.fields:
                if field.encode_name in schema["properties"]:
                    name = f"{where}.{field.encode_name}"
                    _compared(field.type, schema["properties"][field.encode_name], found, name)
    elif isinstance(kind, inspect.VarTupleType):
        _compared(kind.item_type, schema["items"], found, f"{where}[]")
    elif isinstance(kind, inspect.DictType) and isinstance(schema.get("additionalProperties"), dict):
        _compared(kind.value_type, schema["additionalProperties"], found, f"{where}[]")


def _shapes() -> dict[type, Shape]:
    found: dict[type, Shape] = {}
    for method in FOUND:
        if isinstance(method.call.read, Reading):
            kind = inspect.type_info(method.call.read.kind)
            for status, response in OPERATIONS[method.operation]["responses"].items():
                if status.startswith("2"):
                    _compared(kind, response["content"]["application/json"]["schema"], found, method.name)
    return found


SHAPES = _shapes()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda shape: shape.struct.cls.__name__)
def test_a_struct_reads_what_the_document_says(shape):
    name = shape.struct.cls.__name__
    fields = {field.encode_name: field for field in shape.struct.fields}
    sent = {key for schema in shape.schemas for key in schema["properties"]}
    unread = sent - fields.keys() - {field for struct, field in UNREAD if struct == name}
    assert not unread, "fields that the API sends and nobody reads"
    assert not fields.keys() - sent - UNSENT, "fields that the API does not send"
    for schema in shape.schemas:
        lacking = fields.keys() - schema["properties"].keys()
        assert not [key for key in lacking if fields[key].required], "fields that not every answer has"


SENT = [
    (wishes.NewTrade, "NewTrade"),
    (wishes.NewSignal, "PostedSignal"),
    (wishes.Overrides, "Overrides"),
    (wishes.Terms, "Terms"),
    (wishes.SourceSettings, "EditSource"),
    (wishes.NewSource, "NewSource"),
    (wishes.NewOutlet, "NewOutlet"),
    (wishes.OutletChanges, "OutletChanges"),
]
CHOICES = [
    (wishes.Market, "Market"),
    (wishes.Direction, "Direction"),
    (wishes.EntryType, "EntryType"),
    (wishes.FillModel, "FillModel"),
    (wishes.Scope, "Scope"),
    (wishes.GroupBy, "GroupBy"),
    (wishes.Timeframe, "Timeframe"),
    (wishes.Role, "Role"),
    (wishes.Halted, "Halted"),
    (wishes.DeliveryState, "DeliveryState"),
    (wishes.CardBy, "CardBy"),
]


@pytest.mark.parametrize(("wish", "name"), SENT)
def test_a_wish_has_the_fields_that_are_taken(wish, name):
    assert get_type_hints(wish).keys() == SCHEMAS[name]["properties"].keys()
    if wish is not wishes.Terms:
        assert wish.__required_keys__ == set(SCHEMAS[name].get("required", ()))


@pytest.mark.parametrize(("choice", "name"), CHOICES)
def test_choices_are_those_of_the_document(choice, name):
    assert set(get_args(choice)) == {value for value in SCHEMAS[name]["enum"] if value is not None}
