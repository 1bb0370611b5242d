"""Taking back what was done to pairs last, and doing it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lorastudio.domain.changes import Changes

if TYPE_CHECKING:
    from lorastudio.store.library import Library


def undo_last(library: Library) -> Changes:
    """Take back the last decision, edit or import; `KnownError` when there is nothing to take back."""
    from lorastudio.services.curation import undo

    return undo(library)


def redo_last(library: Library) -> Changes:
    """Do again what was taken back last; `KnownError` when there is nothing to do again."""
    from lorastudio.services.curation import redo

    return redo(library)
