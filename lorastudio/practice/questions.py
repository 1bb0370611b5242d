"""The questions of the practice world: for drafting, for the gate, canaries and replay prompts.

All are deterministic, and they are kept apart by construction: the group of a question (its facts,
whatever the language) belongs either to the gate or to drafting, and the prompt of a canary either to
the canaries or to replay, decided by a hash.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from lorastudio.domain.errors import UsageError
from lorastudio.domain.seeds import derive_seed
from lorastudio.practice.abilities import Canary, draw_canary
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.facts import PORTUGUESE_SHARE, Facts, ask
from lorastudio.practice.grammar import draw_met, draw_plan, render, with_a_fault
from lorastudio.practice.lexicon import ENGLISH, LEXICONS, RUNS, SYMBOLS, TEMPERATURES, TIME_UNITS, TIMES

# One group in ten is set aside for the gate.
GATE_EVERY = 10
# Each cycle draws from its own stretch of the shuffled groups, this long.
GROUPS_PER_CYCLE = 2048
STEPS = len(ENGLISH.steps)
GROUPS = len(SYMBOLS) * STEPS * len(TEMPERATURES) * len(TIMES) * len(TIME_UNITS) * len(RUNS)
_GATE_SEED = 101
_CANARY_SEED = 102
# The shuffle is a Feistel network over two halves of ten bits; 2^20 is the next power of four above GROUPS.
_HALF_BITS = 10
_HALF_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class PracticeQuestion:
    """One question; its translation and its repetition share `group`."""

    text: str
    language: str
    group: str


@dataclass(frozen=True, slots=True)
class PracticePair:
    """A good answer to a question and a bad one that differs in its faults alone."""

    prompt: str
    good: str
    bad: str


def drafting_questions(seed: int, cycle: int, count: int) -> list[PracticeQuestion]:
    """`count` questions for cycle number `cycle` (from 0), about a quarter of them in Portuguese.

    No two cycles of one seed share a group, and none of the groups belongs to the gate. UsageError when
    the world has no such cycle or not so many questions for it.
    """
    start = cycle * GROUPS_PER_CYCLE
    if not 0 <= start <= GROUPS - GROUPS_PER_CYCLE:
        raise UsageError(
            f"The practice world has no cycle {cycle} for this seed; it has {GROUPS // GROUPS_PER_CYCLE}.",
            "Start again with another seed.",
        )
    places = (_shuffled(place, seed) for place in range(start, start + GROUPS_PER_CYCLE))
    groups = [group for group in places if not _belongs_to_gate(group)]
    if count > len(groups):
        raise UsageError(
            f"The practice world has {len(groups)} questions for one cycle; {count} were asked for.",
            "Ask for fewer questions and start more cycles.",
        )
    return [_question(group, seed) for group in groups[:count]]


def gate_questions(count: int = 200) -> list[PracticeQuestion]:
    """The first `count` of the questions that are set aside for the gate."""
    return [_question(group, _GATE_SEED) for group in _gate_groups(count)]


def preference_pairs(count: int = 200) -> list[PracticePair]:
    """One pair written by the grammar for each of the first `count` gate questions: no fault against one to four."""
    return [_pair(_facts(group, _GATE_SEED)) for group in _gate_groups(count)]


def canaries(count: int = 60) -> list[Canary]:
    """The first `count` canaries, all different."""
    return list(itertools.islice(_different_canaries(for_replay=False), count))


def replay_prompts(count: int = 64) -> list[str]:
    """Prompts whose answers by the base model are mixed into training, so that other skills are kept."""
    return [canary.prompt for canary in itertools.islice(_different_canaries(for_replay=True), count)]


def _pair(facts: Facts) -> PracticePair:
    question = ask(facts)
    rng = random.Random(derive_seed("practice pair", question))
    met, plan = with_a_fault(draw_met(rng), rng), draw_plan(rng)
    return PracticePair(question, render(facts, dict.fromkeys(CRITERIA, True), plan), render(facts, met, plan))


def _different_canaries(*, for_replay: bool) -> Iterator[Canary]:
    rng = random.Random(derive_seed("practice canaries", _CANARY_SEED, int(for_replay)))
    seen: set[str] = set()
    while True:
        canary = draw_canary(rng)
        if canary.prompt not in seen and _belongs_to_replay(canary.prompt) == for_replay:
            seen.add(canary.prompt)
            yield canary


def _belongs_to_replay(prompt: str) -> bool:
    return derive_seed("practice replay", prompt) % 2 == 0


def _belongs_to_gate(group: int) -> bool:
    return derive_seed("practice gate", group) % GATE_EVERY == 0


def _gate_groups(count: int) -> list[int]:
    places = (_shuffled(place, _GATE_SEED) for place in range(GROUPS))
    return list(itertools.islice((group for group in places if _belongs_to_gate(group)), count))


def _question(group: int, seed: int) -> PracticeQuestion:
    facts = _facts(group, seed)
    return PracticeQuestion(ask(facts), facts.language, f"practice-{group:06d}")


def _facts(group: int, seed: int) -> Facts:
    """The facts of a group, in the language that `seed` gives them."""
    portuguese = derive_seed("practice language", seed, group) % 100 < 100 * PORTUGUESE_SHARE
    return facts_of(group, "pt" if portuguese else "en")


def facts_of(group: int, language: str) -> Facts:
    """The facts that have this number, in one of the two languages. Numbers run from 0 to GROUPS - 1."""
    lexicon = LEXICONS[language]
    group, material = divmod(group, len(lexicon.materials))
    group, step = divmod(group, len(lexicon.steps))
    group, temperature = divmod(group, len(TEMPERATURES))
    group, time = divmod(group, len(TIMES))
    runs, unit = divmod(group, len(TIME_UNITS))
    return Facts(
        language=language,
        material=lexicon.materials[material],
        step=tuple(lexicon.steps)[step],
        temperature=TEMPERATURES[temperature],
        time=TIMES[time],
        unit=TIME_UNITS[unit],
        runs=RUNS[runs],
    )


def _shuffled(place: int, seed: int) -> int:
    """The number at `place` of the groups in the order that `seed` gives them: a permutation."""
    while True:
        left, right = place >> _HALF_BITS, place & _HALF_MASK
        for number in range(_ROUNDS):
            left, right = right, left ^ (derive_seed("practice order", seed, number, right) & _HALF_MASK)
        place = left << _HALF_BITS | right
        if place < GROUPS:
            return place
