"""Questions for the gate alone: set aside before any drafting, never drafted on, never trained on."""

from __future__ import annotations

from collections.abc import Sequence

from lorastudio.domain.seeds import derive_seed
from lorastudio.practice.prompts import practice_checks
from lorastudio.practice.questions import gate_questions
from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions, list_gate_questions
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion

# With fewer questions than this nothing is set aside: a handful is asked to be drafted, all of it.
LEAST_TO_SET_ASIDE_FROM = 10
SHARE_SET_ASIDE = 0.3
MOST_SET_ASIDE = 200


def set_practice_questions_aside(library: Library) -> int:
    """Put the practice world's own gate questions into a library that has none; returns how many it has."""
    present = list_gate_questions(library)
    if present:
        return len(present)
    return add_gate_questions(
        library,
        [
            NewGateQuestion(item.text, item.group, item.language, practice_checks(), "practice world")
            for item in gate_questions()
        ],
    )


def set_share_aside(library: Library, specs: Sequence[NewQuestion]) -> int:
    """Set 30% of at least ten questions aside (at most 200); returns how many.

    Chosen by a hash of their group, so that asking again sets the same ones aside and translations go together.
    """
    if len(specs) < LEAST_TO_SET_ASIDE_FROM:
        return 0
    count = min(MOST_SET_ASIDE, round(SHARE_SET_ASIDE * len(specs)))
    chosen = sorted(specs, key=lambda spec: derive_seed("gate", spec.group))[:count]
    groups = {spec.group for spec in chosen}
    return add_gate_questions(
        library,
        [
            NewGateQuestion(spec.text, spec.group, spec.language, spec.checks, "set aside before drafting")
            for spec in specs
            if spec.group in groups
        ],
    )
