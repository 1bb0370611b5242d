"""A task in our words: the settings of a run and the rows that it reads."""

from __future__ import annotations

from pathlib import Path

from lorastudio.training.config import Objective, Schedule, TrainConfig
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.rows import TrainRow, read_rows
from tests.benchmarks.trainer.task import LEARNING_RATE, MAX_TOKENS, RANK, Task


def recipe(task: Task) -> TrainConfig:
    """The peers' recipe in our words."""
    return TrainConfig(
        objective=Objective.SFT if task.method == "evaluation" else Objective(task.method),
        rank=RANK,
        alpha=RANK * task.scale,
        layers=task.layers,
        learning_rate=LEARNING_RATE,
        schedule=Schedule.CONSTANT,
        warmup_share=0.0,
        epochs=task.epochs,
        batch_size=task.batch_size,
        max_seq_length=MAX_TOKENS,
        seed=task.seed,
        lean=task.lean,
    )


def encoded_rows(base: BaseModel, task: Task, objective: Objective) -> list[TrainRow]:
    rows, left_out = read_rows(Path(task.data) / "train.jsonl", ChatCodec(base), objective, MAX_TOKENS)
    assert not left_out
    return rows


def count_tokens(rows: list[TrainRow]) -> int:
    """Tokens of all answers with their prompts, shared ones as often as they stand there."""
    return sum(len(answer) for row in rows for answer in (row.good, row.bad) if answer is not None)
