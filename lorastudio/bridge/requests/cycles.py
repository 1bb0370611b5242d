"""Cycles of drafting: their questions, their drafts, and going on with and leaving them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.draft import Critique, Cycle, Draft, DraftState, Question
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.calls import CallTotals
    from lorastudio.store.library import Library

# Another one than that of the practice loop, so that its questions are others.
DRAWN_SEED = 1


@dataclass(frozen=True, slots=True)
class Cast:
    """Who would write and judge in a cycle that starts now; empty where nobody is set up for it.

    `practice`: the critic knows the questions of the practice world alone.
    """

    writer: str
    critic: str
    practice: bool


@dataclass(frozen=True, slots=True)
class QuestionProgress:
    """A question, and how far it has come."""

    question: Question
    drafts: int
    best_score: float | None


@dataclass(frozen=True, slots=True)
class CycleNow:
    """A cycle as the library has it. `trains`: it goes on through training, gate and deployment.

    `all_ids` are the ids of all cycles, oldest first; `unfinished`: it can be gone on with; `writes_itself`: its
    writer is the program's own engine, with the version that was live when it began.
    """

    cycle: Cycle
    stage: str
    trains: bool
    unfinished: bool
    writes_itself: bool
    questions: tuple[QuestionProgress, ...]
    totals: CallTotals
    pairs: int
    all_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JudgedDraft:
    """One draft with its verdict; None while there is none."""

    draft: Draft
    critique: Critique | None


@dataclass(frozen=True, slots=True)
class QuestionNow:
    """A question with its drafts, one for each iteration: the one that was kept, or the last attempt.

    `target_score` and `least_gain` (0..1) are the rules that end it before `max_iterations`.
    """

    question: Question
    drafts: tuple[JudgedDraft, ...]
    target_score: float
    least_gain: float
    max_iterations: int


def read_cast(library: Library) -> Cast:
    """Who would write and judge."""
    from lorastudio.domain.endpoint import Endpoint, EndpointKind, Role
    from lorastudio.services.servers import endpoint_for

    def find(role: Role) -> Endpoint | None:
        try:
            return endpoint_for(library, role)
        except KnownError:
            return None

    writer, critic = find(Role.WRITER), find(Role.CRITIC)
    return Cast(
        writer=writer.name if writer else "",
        critic=critic.name if critic else "",
        practice=critic is not None and critic.kind is EndpointKind.PRACTICE,
    )


def read_cycle(library: Library, cycle_id: int | None) -> CycleNow | None:
    """The cycle with this id, or the newest; None when there is none at all."""
    from lorastudio.services.cycle import FINISHED, recall
    from lorastudio.services.servers import WRITER
    from lorastudio.store import cycles
    from lorastudio.store.calls import usage_of
    from lorastudio.store.question_progress import DraftCount, draft_counts
    from lorastudio.store.questions import list_questions

    known = {cycle.id: cycle for cycle in cycles.list_cycles(library)}
    if not known:
        return None
    cycle = known[cycle_id if cycle_id in known else max(known)]
    progress = recall(library, cycle.id)
    counts, none = draft_counts(library, cycle.id), DraftCount(0, None)
    return CycleNow(
        cycle=cycle,
        stage=progress.stage,
        trains=progress.plan is not None,
        unfinished=progress.stage != FINISHED,
        writes_itself=cycle.writer == WRITER,
        questions=tuple(
            QuestionProgress(question, *counts.get(question.id, none)) for question in list_questions(library, cycle.id)
        ),
        totals=usage_of(library, cycle.id),
        pairs=cycles.count_pairs(library, cycle.id),
        all_ids=tuple(known),
    )


def read_totals(library: Library, cycle_id: int) -> CallTotals:
    """What the cycle's calls have cost so far."""
    from lorastudio.store.calls import usage_of

    return usage_of(library, cycle_id)


def read_question(library: Library, question_id: int) -> QuestionNow:
    """One question with all that was written and said about it."""
    from lorastudio.services.drafting.question_loop import target_score
    from lorastudio.services.drafting.settings import DraftingSettings
    from lorastudio.store.critiques import get_critique
    from lorastudio.store.cycles import get_cycle
    from lorastudio.store.drafts import list_drafts
    from lorastudio.store.questions import get_question

    question = get_question(library, question_id)
    cycle = get_cycle(library, question.cycle_id)
    settings = DraftingSettings.from_record(cycle.settings)
    drafts = _one_each(list_drafts(library, question_id))
    return QuestionNow(
        question=question,
        drafts=tuple(JudgedDraft(draft, get_critique(library, draft.id)) for draft in drafts),
        target_score=target_score(question, settings),
        least_gain=settings.least_gain,
        max_iterations=cycle.max_iterations,
    )


def draw_practice_questions(library: Library, count: int) -> list[str]:
    """`count` questions of the practice world, other ones after each cycle."""
    from lorastudio.practice.questions import drafting_questions
    from lorastudio.store.cycles import list_cycles

    return [item.text for item in drafting_questions(DRAWN_SEED, len(list_cycles(library)) + 1, count)]


def run_cycle(library: Library, servers: LocalServers, cancel: CancelToken, cycle_id: int) -> Iterator[Event]:
    """Work on a cycle that was begun, to its end."""
    from lorastudio.services import cycle

    yield from cycle.run_cycle(library, cycle_id, servers, cancel)


def abandon_cycle(library: Library, cycle_id: int) -> Changes:
    """Leave a cycle as it is: it counts as finished, everything it made stays."""
    from lorastudio.services.cycle import abandon

    abandon(library, cycle_id)
    return Changes()


def _one_each(drafts: list[Draft]) -> list[Draft]:
    """By iteration; a draft that came to its end goes before one that was cut short."""
    whole = (DraftState.FINISHED, DraftState.TRUNCATED)
    chosen: dict[int, Draft] = {}
    for draft in drafts:
        before = chosen.get(draft.iteration)
        if before is None or before.state not in whole:
            chosen[draft.iteration] = draft
    return [chosen[iteration] for iteration in sorted(chosen)]
