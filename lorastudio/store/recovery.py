"""What a start must mend in the library after the program was killed."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.domain.draft import QuestionState
from lorastudio.store.calls import mark_lost
from lorastudio.store.drafts import mark_interrupted
from lorastudio.store.imports import sweep_imports
from lorastudio.store.library import Library
from lorastudio.store.runs import mark_runs_interrupted


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many rows a start mended; all zero after an orderly end."""

    lost_calls: int
    interrupted_drafts: int
    swept_imports: int
    interrupted_runs: int
    waiting_questions: int

    def lines(self) -> list[str]:
        """What was mended, one line each; none after an orderly end."""
        words = [
            ("Requests in flight when the program ended, to be asked again", self.lost_calls),
            ("Drafts cut short, kept as interrupted", self.interrupted_drafts),
            ("Unfinished imports removed, whose files must be imported again", self.swept_imports),
            ("Training runs cut short, which `lorastudio resume` goes on with", self.interrupted_runs),
            ("Questions cut short, which wait again", self.waiting_questions),
        ]
        return [f"{text}: {count}." for text, count in words if count]


def recover(library: Library) -> Recovered:
    """Mend the rows that say that something is going on, in one transaction.

    Whoever holds the library for writing is the only one at work, so at its start nothing can be: calls in
    flight are lost, streaming drafts and running runs interrupted, unfinished imports swept, running
    questions waiting again. Unfinished deployments are finished or undone by `services.deployment`, because
    that takes more than rows.
    """
    with library.transaction():
        return Recovered(
            lost_calls=len(mark_lost(library)),
            interrupted_drafts=mark_interrupted(library),
            swept_imports=sweep_imports(library),
            interrupted_runs=mark_runs_interrupted(library),
            waiting_questions=library.execute(
                "UPDATE questions SET state = ? WHERE state = ?", (QuestionState.WAITING, QuestionState.RUNNING)
            ),
        )
