"""Fits a value to a JSON schema, as constrained decoding does: what comes out has the schema's shape.

Covers the part of JSON Schema that structured-output servers accept: type, properties, required,
additionalProperties, items, minItems, maxItems, enum, const, minimum, maximum, anyOf, oneOf, local $ref.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.domain.errors import UsageError

Schema = Mapping[str, Any]

_TYPE_NAMES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def conform(schema: Schema, value: Any) -> Any:
    """The nearest thing to `value` that `schema` admits; UsageError when the schema can't be followed."""
    try:
        return _fit(schema, value, schema)
    except (RecursionError, LookupError, TypeError, AttributeError, ValueError) as error:
        # The schema is somebody else's: it may hold anything, and may nest without an end.
        raise UsageError("The JSON schema of the request can't be followed.") from error


def _fit(schema: Schema, value: Any, root: Schema) -> Any:
    if "$ref" in schema:
        return _fit(_resolve(schema["$ref"], root), value, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return value if value in schema["enum"] else schema["enum"][0]
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return _fit(next((option for option in options if _has_type(option, value, root)), options[0]), value, root)
    kind = _kind(schema, value)
    if kind == "object":
        return _fit_object(schema, value if isinstance(value, dict) else {}, root)
    if kind == "array":
        return _fit_array(schema, value if isinstance(value, list) else [], root)
    if kind in ("integer", "number"):
        return _fit_number(schema, value, kind)
    fallback = {"string": "", "boolean": False, "null": None}
    return value if kind not in fallback or _is(kind, value) else fallback[kind]


def _fit_object(schema: Schema, value: dict[str, Any], root: Schema) -> dict[str, Any]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    wanted = [name for name in properties if name in value or name in schema.get("required", ())]
    fitted = {name: _fit(properties[name], value.get(name), root) for name in wanted}
    if schema.get("additionalProperties") is False:
        return fitted
    return fitted | {name: other for name, other in value.items() if name not in properties}


def _fit_array(schema: Schema, value: list[Any], root: Schema) -> list[Any]:
    items = schema.get("items", {})
    missing = max(0, schema.get("minItems", 0) - len(value))
    return [_fit(items, item, root) for item in (value + [None] * missing)[: schema.get("maxItems")]]


def _fit_number(schema: Schema, value: Any, kind: str) -> int | float:
    number: int | float = value if _is(kind, value) else 0
    least: int | float = schema.get("minimum", number)
    most: int | float = schema.get("maximum", max(number, least))
    return min(max(number, least), most)


def _kind(schema: Schema, value: Any) -> str:
    """The schema's type; of several the one that `value` has, if any. Empty when the schema names none."""
    kinds: str | list[str] = schema.get("type", "object" if "properties" in schema else "")
    if isinstance(kinds, str):
        return kinds
    return next((kind for kind in kinds if _is(kind, value)), kinds[0])


def _has_type(schema: Schema, value: Any, root: Schema) -> bool:
    if "$ref" in schema:
        return _has_type(_resolve(schema["$ref"], root), value, root)
    return _is(_kind(schema, value), value)


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPE_NAMES.get(kind, (object,)))


def _resolve(reference: str, root: Schema) -> Schema:
    """What a local reference (`#/$defs/name`) points at; KeyError when there is nothing."""
    target = root
    for part in reference.removeprefix("#").split("/"):
        target = target[part] if part else target
    return target
