"""Starting a cycle: what it would take, told first, and writing it down once a person wants it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lorastudio.domain.changes import Changes

if TYPE_CHECKING:
    from lorastudio.domain.drafting_events import CycleEstimated
    from lorastudio.services.questions import CycleChoices
    from lorastudio.store.library import Library

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class CycleWish:
    """What a person asks for: questions, one each in `texts`, and more in `file`. An empty rubric is the usual one of
    each question; a budget that is None has no end."""

    texts: tuple[str, ...]
    file: Path | None
    max_iterations: int
    train: bool
    rubric: str = ""
    critiques: int = 1
    budget_tokens: int | None = None
    budget_usd: float | None = None
    budget_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class CycleOffer:
    """What a wish would take, who would do it, and the rubrics to choose from by name."""

    estimate: CycleEstimated
    writer: str
    critic: str
    rubrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CycleBegun(Changes):
    """The cycle is written down and waits for its work; `set_aside` questions went to the gate instead."""

    cycle_id: int = 0
    set_aside: int = 0


def read_offer(library: Library, wish: CycleWish) -> CycleOffer:
    """What the cycle would take; starts nothing. Raises what `services.questions` raises."""
    from lorastudio.services.drafting.rubrics import GENERAL, KINDS, SHIPPED
    from lorastudio.services.questions import cast, estimate_start, read_questions
    from lorastudio.services.rubrics import list_rubrics

    choices = _choices(library, wish)
    estimate = estimate_start(library, read_questions(wish.texts, wish.file, library), choices)
    writer, critic = cast(library, choices)
    own = [rubric.name for rubric, is_own in list_rubrics(library) if is_own and rubric.name not in SHIPPED]
    rubrics = tuple(kind for kind in KINDS if kind != GENERAL)
    return CycleOffer(estimate, writer.name, critic.name, (*rubrics, *own))


def begin_cycle(library: Library, wish: CycleWish) -> CycleBegun:
    """Write down a cycle; `cycles.run_cycle` does its work.

    Its seed is the number of cycles before it, so that the same questions asked again give other drafts.
    Raises what `services.questions` raises.
    """
    from lorastudio.services.questions import read_questions, start_cycle
    from lorastudio.store.questions import list_questions

    questions = read_questions(wish.texts, wish.file, library)
    cycle, aside = start_cycle(library, questions, _choices(library, wish))
    ids = tuple(question.id for question in list_questions(library, cycle.id))
    return CycleBegun(questions=ids, cycle_id=cycle.id, set_aside=aside)


def _choices(library: Library, wish: CycleWish) -> CycleChoices:
    from lorastudio.services.drafting.settings import DraftingSettings
    from lorastudio.services.questions import CycleChoices
    from lorastudio.store.cycles import list_cycles

    settings = DraftingSettings(
        critiques_per_draft=wish.critiques,
        budget_tokens=wish.budget_tokens,
        budget_usd=wish.budget_usd,
        budget_s=None if wish.budget_minutes is None else wish.budget_minutes * MINUTE_S,
    )
    return CycleChoices(
        seed=len(list_cycles(library)),
        max_iterations=wish.max_iterations,
        train=wish.train,
        settings=settings,
        rubric=wish.rubric,
    )
