from __future__ import annotations

from typing import Any

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.practice.conforming import conform


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (an_object(zebra={"type": "integer", "minimum": 3}), {"scores": {}}, {"zebra": 3}),
        (an_object(zebra={"enum": ["striped", "plain"]}), {}, {"zebra": "striped"}),
        (an_object(zebra={"const": 7}), {"zebra": 8}, {"zebra": 7}),
        ({"type": "object"}, {"left": "as it is"}, {"left": "as it is"}),
        ({"properties": {"a": {"type": "string"}}}, {"b": 1}, {"b": 1}),
        ({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}, [1.5], [1.5, 0]),
        ({"type": "array", "maxItems": 1}, [1, 2], [1]),
        ({"type": ["string", "null"]}, None, None),
        ({"type": ["string", "null"]}, 3, ""),
        ({"type": "integer", "minimum": 0, "maximum": 1}, 9, 1),
        ({"type": "integer"}, True, 0),
        ({"type": "boolean"}, 1, False),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, 4, 4),
        ({"oneOf": [{"$ref": "#/$defs/n"}, {"type": "null"}], "$defs": {"n": {"type": "number"}}}, "x", 0),
        ({}, {"anything": 1}, {"anything": 1}),
    ],
)
def test_fits_the_value_to_the_schema(schema: dict[str, Any], value: Any, expected: Any) -> None:
    assert conform(schema, value) == expected


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "#"}, {"$ref": "#/$defs/none"}, {"type": "object", "properties": 3}, {"type": []}, {"anyOf": [1]}],
)
def test_says_when_a_schema_makes_no_sense(schema: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="schema"):
        conform(schema, {"a": 1})
