"""What a short write changed; panes refresh from it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of the rows that a write touched, by noun; `undo_label` names what undo would take back."""

    endpoints: tuple[int, ...] = ()
    questions: tuple[int, ...] = ()
    pairs: tuple[int, ...] = ()
    runs: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    undo_label: str = ""
