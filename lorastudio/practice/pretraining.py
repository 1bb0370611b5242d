"""What the practice model is pretrained on: it half-knows the task, and mends a named fault most of the time."""

from __future__ import annotations

import random

from lorastudio.practice.abilities import draw_canary
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.facts import ask, ask_revise, sample_facts
from lorastudio.practice.grammar import draw_met, draw_plan, render, with_a_fault

CANARY_SHARE = 0.18
DRAFT_SHARE = 0.42
SAME_WORDING_SHARE = 0.8
MENDED_SHARE = 0.6
KEPT_SHARE = 0.93


def sample_document(rng: random.Random) -> tuple[str, str]:
    """One prompt and its answer: a canary, a first draft, or a revision."""
    kind = rng.random()
    if kind < CANARY_SHARE:
        canary = draw_canary(rng)
        return canary.prompt, canary.answer
    if kind < CANARY_SHARE + DRAFT_SHARE:
        facts = sample_facts(rng)
        return ask(facts), render(facts, draw_met(rng), draw_plan(rng))
    return _sample_revision(rng)


def _sample_revision(rng: random.Random) -> tuple[str, str]:
    """A draft with at least one named fault, and a text that mends or keeps each criterion by chance."""
    facts, met, plan = sample_facts(rng), draw_met(rng), draw_plan(rng)
    met = with_a_fault(met, rng)
    prompt = ask_revise(facts, render(facts, met, plan), (name for name in CRITERIA if not met[name]))
    revised_plan = plan if rng.random() < SAME_WORDING_SHARE else draw_plan(rng)
    revised = {name: rng.random() < (KEPT_SHARE if met[name] else MENDED_SHARE) for name in CRITERIA}
    return prompt, render(facts, revised, revised_plan)
