"""The user's own rubrics, by name; one with a built-in's name stands in its place."""

from __future__ import annotations

from lorastudio.domain.clock import now
from lorastudio.domain.rubric import Rubric, rubric_from_record
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


def list_rubrics(library: Library) -> list[Rubric]:
    """All of the user's own, by name."""
    return [rubric_from_record(from_json(row["record"])) for row in library.rows("SELECT * FROM rubrics ORDER BY name")]


def get_rubric(library: Library, name: str) -> Rubric | None:
    """The user's own rubric of this name, None when there is none."""
    record = library.value("SELECT record FROM rubrics WHERE name = ?", (name,))
    return None if record is None else rubric_from_record(from_json(record))


def save_rubric(library: Library, rubric: Rubric) -> None:
    """Keep a rubric under its name, in the place of the one that was there."""
    library.execute(
        "INSERT OR REPLACE INTO rubrics (name, record, changed_at) VALUES (?, ?, ?)",
        (rubric.name, to_json(rubric.as_record()), now()),
    )


def remove_rubric(library: Library, name: str) -> bool:
    """Forget the user's own rubric of this name; returns whether there was one."""
    return library.execute("DELETE FROM rubrics WHERE name = ?", (name,)) == 1
