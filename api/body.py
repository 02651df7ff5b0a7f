"""Request bodies: JSON straight into the declared struct, so that a number never passes through a float."""

import re
from collections.abc import Generator
from typing import Any, TypeVar

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from api.allowed import with_allowed
from api.errors import MalformedBody
from services.domain.errors import InvalidInput
from services.domain.malformed import MALFORMED

T = TypeVar("T")
_WHERE = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NUL = re.compile(rb"\\u0000")
"""A text with it cannot be stored. Where its backslash is escaped itself, a second look finds none."""
_UNKNOWN = re.compile(r"(?:unknown|required) field `(?P<name>[^`]*)`")


class JsonBody(AbstractDTO[T]):
    """`dto=JsonBody[X]` on a handler decodes `data: X` strictly; an absent body is the handler's default.

    Raises MalformedBody for what is not JSON, InvalidInput naming the field for what does not fit.
    """

    def decode_bytes(self, value: bytes) -> T:
        """The struct that `value` spells."""
        try:
            if _NUL.search(value):
                _refuse_nul(msgspec.json.decode(value))
            return msgspec.json.decode(value, type=self.model_type)
        except msgspec.ValidationError as error:
            raise _misfit(str(error), self.model_type) from error
        except MALFORMED as error:
            raise MalformedBody(f"the body is not valid JSON: {error}") from error

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Nothing to prepare: the struct itself is what is sent."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        """The struct's own schema."""
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        """No field is treated specially."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """No field is treated specially."""
        return False


def _refuse_nul(part: Any, place: str = "") -> None:
    """Raises InvalidInput naming the first text inside `part` that holds a NUL."""
    if isinstance(part, str) and "\0" in part:
        raise InvalidInput("bad_text", f"{place or 'the body'} must hold no NUL character", field=place)
    if isinstance(part, dict):
        for name, each in part.items():
            _refuse_nul(each, f"{place}.{name}".lstrip("."))
    if isinstance(part, list):
        for number, each in enumerate(part):
            _refuse_nul(each, place if isinstance(each, str) else f"{place}[{number}]")


def _misfit(message: str, kind: type[Any]) -> InvalidInput:
    """The refusal that says the same as msgspec's `message` about a `kind`, and names the field."""
    where, named = _WHERE.search(message), _UNKNOWN.search(message)
    path = where["path"] if where else ""
    field = ".".join(part for part in (path, named["name"] if named else "") if part)
    return InvalidInput("invalid_request", with_allowed(_WHERE.sub("", message), kind, path), field=field)
