"""Argilla's exports: records as JSON (`fields, responses, suggestions`), and both kinds of flat tables.

Flat tables of Argilla 2 have a column for each field, `QUESTION.responses` and `QUESTION.suggestion`; those of
Argilla 1 have `QUESTION` (a list of `{"user_id", "value", "status"}`) and `QUESTION-suggestion`. People's responses
count; suggestions only where nobody responded.
Source: https://docs.argilla.io/latest/how_to_guides/import_export/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lorastudio.datasets.annotations import decide
from lorastudio.datasets.example import Example
from lorastudio.datasets.formats.row_format import RowFormat, Values
from lorastudio.domain.messages import user

_RESPONSES, _SUGGESTION, _OLD_SUGGESTION = ".responses", ".suggestion", "-suggestion"
_DISCARDED = ("discarded", "draft")


def _is_record(values: Values) -> bool:
    return isinstance(values.get("fields"), dict) and ("responses" in values or "suggestions" in values)


def _is_table(values: Values) -> bool:
    return any(
        name.endswith((_RESPONSES, _SUGGESTION))
        or (name.endswith(_OLD_SUGGESTION) and name.removesuffix(_OLD_SUGGESTION) in values)
        for name in values
    )


def _recognises(values: Values) -> bool:
    return _is_record(values) or _is_table(values)


def _read(values: Values) -> Example:
    record = values if _is_record(values) else _record(values)
    texts = {name: text for name, text in record["fields"].items() if isinstance(text, str)}
    found = decide(texts, list(_said(record.get("responses"))) or list(_suggested(record.get("suggestions"))))
    known = {name: values[name] for name in ("id", "metadata", "external_id") if values.get(name)}
    return Example(user(found.prompt), found.good, found.bad, extra=known)


def _record(values: Values) -> dict[str, Any]:
    """A row of a flat table as the record that it was made from."""
    questions = {
        name.removesuffix(ending)
        for name in values
        for ending in (_RESPONSES, _SUGGESTION, _OLD_SUGGESTION)
        if name.endswith(ending)
    }
    responses = {name: values.get(f"{name}{_RESPONSES}", values.get(name)) for name in questions}
    suggested = {name: values.get(f"{name}{_SUGGESTION}", values.get(f"{name}{_OLD_SUGGESTION}")) for name in questions}
    fields = {name: text for name, text in values.items() if name not in questions and "." not in name}
    return {"fields": fields, "responses": responses, "suggestions": suggested}


def _said(responses: Any) -> Iterator[Any]:
    """The values of the responses that were handed in."""
    for given in responses.values() if isinstance(responses, Mapping) else ():
        for response in given if isinstance(given, list) else [given]:
            if isinstance(response, Mapping) and response.get("status") not in _DISCARDED:
                yield response.get("value")
            elif isinstance(response, str):
                yield response


def _suggested(suggestions: Any) -> Iterator[Any]:
    for suggestion in suggestions.values() if isinstance(suggestions, Mapping) else ():
        yield suggestion.get("value") if isinstance(suggestion, Mapping) else suggestion


ARGILLA = RowFormat(
    "argilla",
    _recognises,
    _read,
    {"prompt": ("fields",), "good": ("responses", "suggestions"), "bad": ("responses", "suggestions")},
)
