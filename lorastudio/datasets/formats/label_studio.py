"""Label Studio's exports: JSON (`data, annotations`) and JSON-MIN, with Pairwise, Ranker, Choices and TextArea.

Source: https://labelstud.io/guide/export and https://labelstud.io/guide/task_format
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lorastudio.datasets.annotations import decide
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.row_format import RowFormat, Values
from lorastudio.domain.messages import user

# Columns of JSON-MIN that say something of the annotation and nothing of the task.
_ABOUT = frozenset(("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"))
_SIDES = ("left", "right")


def _is_task(values: Values) -> bool:
    return isinstance(values.get("data"), dict) and isinstance(values.get("annotations"), list)


def _is_short(values: Values) -> bool:
    return "annotation_id" in values and "lead_time" in values


def _recognises(values: Values) -> bool:
    return _is_task(values) or _is_short(values)


def _read(values: Values) -> Example:
    if _is_task(values):
        texts, verdicts = dict(_texts(values["data"])), list(_verdicts(values["annotations"]))
    else:
        rest = {name: value for name, value in values.items() if name not in _ABOUT}
        said = {name for name, value in rest.items() if value in _SIDES or isinstance(value, (dict, list))}
        texts = dict(_texts({name: value for name, value in rest.items() if name not in said or _is_items(value)}))
        verdicts = [_value(rest[name]) for name in said if not _is_items(rest[name])]
    if not verdicts:
        raise RowError("has no annotation")
    found = decide(texts, verdicts)
    return Example(user(found.prompt), found.good, found.bad, extra={"id": values["id"]} if values.get("id") else {})


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of a task by name; those of a list by their ids."""
    for name, value in data.items():
        if isinstance(value, str):
            yield name, value
        elif _is_items(value):
            yield from ((str(item["id"]), str(item.get("body", item.get("html", "")))) for item in value)


def _is_items(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "id" in item for item in value)


def _verdicts(annotations: list[Any]) -> Iterator[Any]:
    for annotation in annotations:
        if isinstance(annotation, Mapping) and not annotation.get("was_cancelled"):
            results = annotation.get("result")
            for result in results if isinstance(results, list) else ():
                if isinstance(result, Mapping):
                    yield _value(result.get("value"))


def _value(value: Any) -> Any:
    """What was chosen, ranked or written, whatever control it was said with; other things as they are."""
    if not isinstance(value, Mapping):
        return value
    if "selected" in value:
        return value["selected"]
    for name in ("choices", "text"):
        said = value.get(name)
        if isinstance(said, list) and all(isinstance(part, str) for part in said):
            return "\n".join(said)
    ranked = value.get("ranker", value)
    if isinstance(ranked, Mapping):
        # "_" holds the items that were put in no bucket.
        return next((order for name, order in ranked.items() if name != "_" and isinstance(order, list)), None)
    return ranked


LABEL_STUDIO = RowFormat(
    "label studio",
    _recognises,
    _read,
    {"prompt": ("data",), "good": ("annotations", "data"), "bad": ("annotations", "data")},
)
