"""Trains an objective at a rate on a task and measures what comes of it; what all of them say together."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lorastudio.domain.cancel import CancelToken
from lorastudio.practice.prompts import PRACTICE_TEMPERATURE
from lorastudio.processes.jobs import Worker
from lorastudio.training.config import Objective, TrainConfig
from lorastudio.training.protocol import ADAPTER_FILE, ADAPTER_PARTIAL
from tests.benchmarks.rates.asking import preference_accuracy, sample, write_lines
from tests.benchmarks.rates.task import SEEDS, Task

RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
# Contrast alone can bear less.
LOWER_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
BASE = "base"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares in 0..1. `quality`: rules kept by sampled answers; `perfect`: answers that keep them all; `accuracy`:
    held-out pairs whose good answer is likelier per token; `skills`: right greedy answers to what was not taught.
    """

    objective: str
    rate: float
    seed: int
    quality: float
    perfect: float
    accuracy: float
    skills: float


def rates_of(objective: Objective) -> tuple[float, ...]:
    return LOWER_RATES if objective.needs_pairs else RATES


@dataclass(frozen=True, slots=True)
class Sweep:
    """Runs of one task; `folder` is for their files."""

    task: Task
    worker: Worker
    folder: Path
    objectives: tuple[Objective, ...] = tuple(Objective)
    seeds: tuple[int, ...] = SEEDS
    epochs: int = 3

    def outcomes(self) -> Iterator[Outcome]:
        """The untouched base, then every objective at every rate with every seed."""
        yield self.measure(BASE, 0.0, 0)
        for objective in self.objectives:
            for rate in rates_of(objective):
                for seed in self.seeds:
                    yield self.measure(objective.value, rate, seed)

    def measure(self, objective: str, rate: float, seed: int) -> Outcome:
        adapter = None
        if objective != BASE:
            config = TrainConfig(
                objective=Objective(objective), learning_rate=rate, seed=seed, epochs=self.epochs, max_seq_length=256
            )
            adapter = self._train(config)
        prompts = [(question, PRACTICE_TEMPERATURE) for question in self.task.questions]
        prompts += [(prompt, 0.0) for prompt, _ in self.task.skills]
        answers = sample(self.worker, self.task.base, adapter, prompts, self.folder)
        kept = [self.task.rules(*pair) for pair in zip(self.task.questions, answers, strict=False)]
        right = [text == answer for (_, answer), text in zip(self.task.skills, answers[len(kept) :], strict=True)]
        return Outcome(
            objective=objective,
            rate=rate,
            seed=seed,
            quality=mean([mean(list(rules.values())) for rules in kept]),
            perfect=mean([all(rules.values()) for rules in kept]),
            accuracy=preference_accuracy(self.worker, self.task.base, adapter, self.task.held_out, self.folder),
            skills=mean(right),
        )

    def _train(self, config: TrainConfig) -> Path:
        run = self.folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir(parents=True)
        write_lines(run / "train.jsonl", self.task.taught(config.seed))
        write_lines(run / "development.jsonl", [])
        write_lines(run / "heldout.jsonl", [])
        job = {
            "job": "train",
            "base": str(self.task.base),
            "data": str(run),
            "config": config.as_record(),
            "checkpoints": str(run / "checkpoints"),
            "output": str(run / "output"),
        }
        self.worker.result(job, CancelToken())
        (run / "output" / ADAPTER_PARTIAL).rename(run / "output" / ADAPTER_FILE)
        return run / "output"


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
