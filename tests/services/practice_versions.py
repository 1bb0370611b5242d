"""Real versions of the practice model, trained in seconds, in a library of their own."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import as_records, user
from lorastudio.paths import practice_model
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.facts import parse_question
from lorastudio.practice.grammar import draw_met, draw_plan, render, with_a_fault
from lorastudio.practice.questions import drafting_questions, gate_questions, replay_prompts
from lorastudio.processes.jobs import Worker
from lorastudio.services.base_models import PRACTICE_NAME
from lorastudio.services.training_runs import OUTPUT, finish_version, run_folder
from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions
from lorastudio.store.library import Library
from lorastudio.store.runs import create_run
from lorastudio.training.config import Objective, TrainConfig

Row = dict[str, Any]
TAUGHT, INVERTED, RUINED = 1, 2, 3
GATE_QUESTIONS = 32
GOLDEN_PROMPTS = 4


def practice_rows(count: int, *, inverted: bool = False) -> list[Row]:
    """Questions with a faultless and a faulty answer, made by the grammar; the sides are swapped when inverted."""
    rng = random.Random(5)
    rows = []
    for number, question in enumerate(drafting_questions(5, 1, count)):
        facts = parse_question(question.text)
        assert facts is not None
        plan = draw_plan(rng)
        good = render(facts, dict.fromkeys(CRITERIA, True), plan)
        bad = render(facts, with_a_fault(draw_met(rng), rng), plan)
        if inverted:
            good, bad = bad, good
        rows.append({"id": number, "prompt": as_records(user(question.text)), "good": good, "bad": bad})
    return rows


def recipe(objective: Objective = Objective.SFT, *, learning_rate: float = 1e-3, epochs: int = 3) -> TrainConfig:
    return TrainConfig(
        objective=objective,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=4,
        max_seq_length=256,
        replay_per_step=4,
        replay_prompts=tuple(replay_prompts(16)),
    )


def train_version(library: Library, worker: Worker, rows: list[Row], config: TrainConfig) -> int:
    """Train on all rows but the last four, which are held out; returns the number of the version."""
    run = create_run(
        library, config=config.as_record(), base_model=PRACTICE_NAME, dataset_hash="d" * 64, num_examples=len(rows)
    )
    folder = run_folder(library, run.id)
    folder.mkdir(parents=True)
    for name, part in (("train", rows[:-4]), ("development", []), ("heldout", rows[-4:])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part), encoding="utf-8")
    job = {
        "job": "train",
        "base": str(practice_model()),
        "data": str(folder),
        "config": config.as_record(),
        "checkpoints": str(folder / "checkpoints"),
        "output": str(folder / OUTPUT),
        "resume": False,
        "golden_prompts": [row["prompt"][0]["content"] for row in rows[:GOLDEN_PROMPTS]],
    }
    result = worker.result(job, CancelToken())
    return finish_version(library, run.id, result).version


def add_practice_gate_questions(library: Library, count: int = GATE_QUESTIONS) -> None:
    add_gate_questions(
        library,
        [
            NewGateQuestion(item.text, item.group, item.language, {"practice": True}, "practice world")
            for item in gate_questions(count)
        ],
    )


def make_home(home: Path, worker: Worker) -> None:
    """A library without gate questions, with versions 1 TAUGHT, 2 INVERTED and 3 RUINED."""
    with Library.open(home, write=True, verb="test") as library:
        train_version(library, worker, practice_rows(36), recipe(learning_rate=4e-3))
        train_version(library, worker, practice_rows(36, inverted=True), recipe(Objective.DPO_NLL))
        train_version(library, worker, practice_rows(20), recipe(Objective.DPO, learning_rate=2e-2, epochs=4))
