"""The example of an answer, put together from those of its parts: a page of the one thing that is shown of its kind."""

from typing import Any


def filled(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """An example of the schema. Raises LookupError for a part that has none: it is to be written in api/examples."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("examples"):
        return schema["examples"][0]
    if any(each.get("type") == "null" for each in schema.get("oneOf", ())):
        return None
    if schema.get("type") == "array":
        return [filled(schema["items"], document)]
    if "properties" in schema:
        return {name: filled(each, document) for name, each in schema["properties"].items()}
    raise LookupError(f"there is no example of {schema}: write one in api/examples, and name it in answers.py")
