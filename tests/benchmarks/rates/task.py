"""What a rate is tried on: a model, pairs to learn from, and questions that only sampled answers can pass."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorastudio.domain.messages import as_records, user
from lorastudio.domain.seeds import derive_seed
from lorastudio.paths import practice_model
from lorastudio.practice.critic import critique
from lorastudio.practice.facts import parse_question
from lorastudio.practice.questions import canaries, gate_questions
from lorastudio.processes.jobs import Worker
from lorastudio.worker.practice_model import Recipe, make_model
from tests.benchmarks.rates import orders
from tests.benchmarks.rates.asking import sample
from tests.services.practice_versions import practice_rows

Row = dict[str, Any]

SEEDS = (0, 1)
PAIRS, HELD_OUT = 64, 32
QUESTIONS, SKILLS = 48, 40
# 4.6 million weights, eight times the practice model's, and twice its width.
LARGER = Recipe(steps=600, hidden=256, layers=6, feed_forward=640, heads=4, learning_rate=1e-3)


@dataclass(frozen=True, slots=True)
class Task:
    """`rules` says which rules an answer to a question keeps. `skills` are prompts with their one right answer."""

    name: str
    base: Path
    pairs: list[Row]
    questions: list[str]
    rules: Callable[[str, str], dict[str, bool]]
    skills: list[tuple[str, str]]

    def taught(self, seed: int) -> list[Row]:
        """The pairs of a seed: no two seeds share any."""
        return self.pairs[seed * PAIRS : (seed + 1) * PAIRS]

    @property
    def held_out(self) -> list[Row]:
        return self.pairs[len(SEEDS) * PAIRS :]


def practice_task() -> Task:
    return Task(
        name="practice world",
        base=practice_model(),
        pairs=practice_rows(len(SEEDS) * PAIRS + HELD_OUT),
        questions=[question.text for question in gate_questions(QUESTIONS)],
        rules=_practice_rules,
        skills=[(canary.prompt, canary.answer) for canary in canaries(SKILLS)],
    )


def orders_task(folder: Path, worker: Worker) -> Task:
    """Makes the larger model first, which takes some minutes, and then pairs of its own mistakes."""
    base = folder / "model"
    make_model(base, LARGER, orders.sample_document)
    rng = random.Random(derive_seed("rates", "orders"))
    wanted = len(SEEDS) * PAIRS + HELD_OUT
    # Nearly every answer of the base breaks a rule, but not every one.
    asked = [orders.ask(orders.draw_order(rng)) for _ in range(2 * wanted)]
    drafts = sample(worker, base, None, [(question, 1.0) for question in asked], folder)
    faulty = [(question, text) for question, text in zip(asked, drafts, strict=True) if _has_fault(question, text)]
    assert len(faulty) >= wanted
    return Task(
        name="orders",
        base=base,
        pairs=[_pair(number, *draft) for number, draft in enumerate(faulty[:wanted])],
        questions=[orders.ask(orders.draw_order(rng)) for _ in range(QUESTIONS)],
        rules=orders.rules_kept,
        skills=[orders.draw_backwards(rng) for _ in range(SKILLS)],
    )


def _practice_rules(question: str, answer: str) -> dict[str, bool]:
    facts = parse_question(question)
    assert facts is not None
    return critique(facts, answer).met


def _has_fault(question: str, text: str) -> bool:
    return not all(orders.rules_kept(question, text).values())


def _pair(number: int, question: str, draft: str) -> Row:
    good = orders.faultless(orders.parse(question))
    return {"id": number, "prompt": as_records(user(question)), "good": good, "bad": draft}
