"""Rubrics by name: the user's own, kept in the library, before those shipped with the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.rubric import Rubric, rubric_from_record
from lorastudio.services.drafting.rubrics import GENERAL, KINDS, SHIPPED, in_language, shipped_rubric
from lorastudio.store import rubrics
from lorastudio.store.library import Library


def list_rubrics(library: Library) -> list[tuple[Rubric, bool]]:
    """All that can be chosen, the shipped ones first; True where it is the user's own."""
    own = {rubric.name: rubric for rubric in rubrics.list_rubrics(library)}
    shipped = [(own.pop(name), True) if name in own else (shipped_rubric(name), False) for name in SHIPPED]
    return [*shipped, *((rubric, True) for rubric in own.values())]


def find_rubric(library: Library, name: str, language: str = "") -> Rubric:
    """The rubric called `name`; one of a shipped kind ("code") in the question's language. `UsageError` when
    there is none."""
    candidates = [name, in_language(name, language)] if name in KINDS else [name]
    for candidate in candidates:
        if found := rubrics.get_rubric(library, candidate):
            return found
    if candidates[-1] in SHIPPED:
        return shipped_rubric(candidates[-1])
    known = ", ".join((*KINDS, *(rubric.name for rubric, own in list_rubrics(library) if own)))
    raise UsageError(f"There is no rubric called {name!r}.", f"Known: {known}.")


def chosen_rubric(library: Library, choice: Any, language: str) -> Rubric | None:
    """The rubric to freeze into a question: by name, as an object, or the user's own in the place of the general
    one (empty choice); None where the shipped general one holds. `UsageError` when it can't be."""
    if isinstance(choice, Mapping):
        return rubric_from_record(choice)
    if choice and not isinstance(choice, str):
        raise UsageError(f"A rubric is named or given as an object, not {choice!r}.", "`lorastudio rubric list`")
    if choice:
        return find_rubric(library, choice, language)
    found = find_rubric(library, GENERAL, language)
    return None if found == shipped_rubric(in_language(GENERAL, language)) else found


def add_rubric(library: Library, record: Any) -> Rubric:
    """Keep a new rubric of the user's own; `UsageError` when it can't work, `KnownError` when the name is taken."""
    rubric = rubric_from_record(record)
    if rubric.name in SHIPPED or rubric.name in KINDS or rubrics.get_rubric(library, rubric.name):
        raise KnownError(
            f"There is a rubric called {rubric.name!r} already.", "Choose another name, or `lorastudio rubric edit`."
        )
    rubrics.save_rubric(library, rubric)
    return rubric


def edit_rubric(library: Library, name: str, record: Any) -> Rubric:
    """Put a rubric in the place of the one called `name`; a shipped one gets a copy of the user's own.

    Cycles that have begun keep the rubric they began with.
    """
    find_rubric(library, name)
    rubric = rubric_from_record({**record, "name": name} if isinstance(record, Mapping) else record)
    rubrics.save_rubric(library, rubric)
    return rubric


def remove_rubric(library: Library, name: str) -> Changes:
    """Forget the user's own rubric; a shipped one of that name holds again. `KnownError` when there is none."""
    if not rubrics.remove_rubric(library, name):
        words = (
            "It is shipped with the program and can't be removed." if name in SHIPPED else "`lorastudio rubric list`"
        )
        raise KnownError(f"There is no rubric of your own called {name!r}.", words)
    return Changes()
