"""The training loop: AdamW on an adapter, with checkpoints from which it goes on bit for bit.

AdamW with bias correction: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101, algorithm 2. Gradients are
clipped by their global norm: Pascanu et al. 2013, https://arxiv.org/abs/1211.5063, algorithm 1.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx.utils import tree_flatten, tree_unflatten

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, TrainingError
from lorastudio.domain.seeds import derive_seed
from lorastudio.training.config import BestBy, Execution, TrainConfig
from lorastudio.training.protocol import Ending
from lorastudio.worker.adapters import adapter_weights, put_weights
from lorastudio.worker.batches import batches_per_epoch, epoch_batches
from lorastudio.worker.checkpoint import Checkpoint, save_checkpoint
from lorastudio.worker.development_samples import Sample, Sampler
from lorastudio.worker.evaluation import Evaluation, evaluate
from lorastudio.worker.gang import Gang
from lorastudio.worker.progress import Progress
from lorastudio.worker.replay import Replay
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.run_identity import RunIdentity
from lorastudio.worker.schedule import learning_rate_at
from lorastudio.worker.step import Stepper, StepResult

SKIPPED_IN_A_ROW = 3
# By how much the advice after three skipped steps lowers the learning rate.
SLOWER = 5
ROWS_NAMED = 8

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a run learns from and is watched on."""

    rows: Sequence[TrainRow]
    development: Sequence[TrainRow]
    replay: Replay
    sampler: Sampler | None = None


@dataclass
class Trainer:
    """One run. `train` goes from wherever `progress` stands to the end; `resume` puts it where a checkpoint was.

    In a gang all ranks take the same steps; rank 0 alone evaluates, chooses the best adapter and saves.
    """

    stepper: Stepper
    data: TrainingSet
    checkpoints: Path
    identity: RunIdentity
    report: Report
    cancel: CancelToken
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self._optimizer = optim.AdamW(learning_rate=0.0, weight_decay=self.config.weight_decay, bias_correction=True)
        self._optimizer.init(self.model.trainable_parameters())
        self._best: dict[str, mx.array] = {}
        self._saved_step = 0
        self._order: tuple[int, list[list[int]]] = (-1, [])
        self._steps_per_epoch = batches_per_epoch(len(self.data.rows), self.config.rows_per_step)
        # Unlike machines may compute on unlike paths, but all must take the rows in one order.
        self._by_length = self.gang.any(self.stepper.computing.path is not Execution.PACKED)

    @property
    def model(self) -> Any:
        return self.stepper.model

    @property
    def config(self) -> TrainConfig:
        return self.stepper.config

    @property
    def gang(self) -> Gang:
        return self.stepper.gang

    @property
    def steps(self) -> int:
        """Of the whole run, if nothing ends it early."""
        return self.config.epochs * self._steps_per_epoch

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of this very run."""
        put_weights(self.model, checkpoint.adapter, where="the checkpoint")
        self._optimizer.state = tree_unflatten(list(checkpoint.optimizer.items()))
        self._best = dict(checkpoint.best)
        self.progress = checkpoint.progress
        self._saved_step = self.progress.step

    def train(self) -> None:
        """Run to the end, which `progress.ended` then names, and save it.

        The wish to stop is obeyed between two steps: a checkpoint is saved and `Cancelled` raised. The wish to
        finish ends the run with what it has; a resumable TrainingError when that is nothing yet, or when a
        checkpoint can't be written.
        """
        self.model.train()
        try:
            while self.progress.ended is None:
                self._advance(finishing=self._wishes())
        except Cancelled:
            self.save()
            raise
        self.save()
        self.model.eval()

    def save(self) -> None:
        """Write a checkpoint of the present state; only rank 0 does."""
        if self.gang.is_first:
            path = save_checkpoint(self.checkpoints, self._checkpoint())
            self.report({"type": "saved", "step": self.progress.step, "path": str(path)})
        self._saved_step = self.progress.step

    def keep_best(self) -> None:
        """Put the adapter of the best evaluation back; without a development set, the last one stays."""
        if self._best:
            put_weights(self.model, self._best, where="memory")

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            step=self.progress.step,
            identity=self.identity,
            adapter=adapter_weights(self.model),
            optimizer=dict(tree_flatten(self._optimizer.state)),
            best=self._best,
            progress=self.progress,
        )

    def _wishes(self) -> bool:
        """Whether to finish; raises `Cancelled` when the wish is to stop. What one rank hears, all obey."""
        stop, finish = self.gang.sum_scalars([float(self.cancel.cancelled), float(self.cancel.finishing)])
        if stop:
            raise Cancelled
        return finish > 0

    def _advance(self, *, finishing: bool) -> None:
        """One thing at a time, chosen by `progress` and the wishes alone, so that a resumed run does the same."""
        step = self.progress.step
        last = step == self.steps or finishing
        if last and step == 0:
            raise TrainingError(
                "Nothing has been learnt yet, so there is nothing to keep.", "Resume the run, or discard it.",
                resumable=True,
            )  # fmt: skip
        if self._must_evaluate(last):
            if self.gang.is_first:
                self._evaluate()
            self.progress.evaluated_step = step
            if self.gang.any(self.progress.ended is not None):
                self.progress.ended = Ending.EARLY
        elif last:
            self.progress.ended = Ending.COMPLETE if step == self.steps else Ending.KEPT
        else:
            if step > self._saved_step and step % self.config.checkpoint_every_steps == 0:
                self.save()
            self._one_step()

    def _must_evaluate(self, last: bool) -> bool:
        step = self.progress.step
        due = last or step % self.config.evaluate_every_steps == 0
        return bool(self.data.development) and due and step > self.progress.evaluated_step

    def _one_step(self) -> None:
        started = time.monotonic()
        progress, config = self.progress, self.config
        step = progress.step + 1
        rows = self._rows_of(step)
        result = self._gradients(step, rows)
        clip: Any = optim.clip_grad_norm  # MLX has no types here
        gradients, norm = clip(result.gradients, config.clip_norm)
        mx.eval(result.loss, result.correct, result.margin, norm, gradients)
        rate = learning_rate_at(step, self.steps, config.effective_learning_rate, config.warmup_share, config.schedule)
        finite = math.isfinite(float(result.loss)) and math.isfinite(float(norm))
        if finite:
            self._optimizer.learning_rate = rate
            self._optimizer.update(self.model, gradients)
            mx.eval(self.model.trainable_parameters(), self._optimizer.state)
            progress.skipped_in_a_row = 0
            progress.loss = float(result.loss)
        progress.step = step
        progress.tokens += result.tokens
        step_s = time.monotonic() - started
        progress.elapsed_s += step_s
        self.report(self._step_message(result, float(norm), rate, step_s))
        if not finite:
            self._skip(rows)

    def _rows_of(self, step: int) -> list[TrainRow]:
        """The rows of a step, 1 and more: every epoch holds each row once, in an order of its own."""
        epoch, index = divmod(step - 1, self._steps_per_epoch)
        if self._order[0] != epoch:
            lengths = [len(row) for row in self.data.rows]
            self._order = (
                epoch,
                epoch_batches(lengths, self.config.rows_per_step, self.config.seed, epoch, by_length=self._by_length),
            )
        return [self.data.rows[row] for row in self._order[1][index]]

    def _gradients(self, step: int, rows: Sequence[TrainRow]) -> StepResult:
        replay = self.data.replay.rows_of(step, self.config.seed)
        # Dropout draws from MLX's global state: set by step, it is the same after a resume.
        return self.stepper.gradients(rows, replay, derive_seed("dropout", self.config.seed, step))

    def _skip(self, rows: Sequence[TrainRow]) -> None:
        """Tell of a step that changed nothing; too many in a row end the run."""
        progress = self.progress
        progress.skipped += 1
        progress.skipped_in_a_row += 1
        named = ", ".join(str(row.row_id) for row in rows[:ROWS_NAMED])
        more = ", …" if len(rows) > ROWS_NAMED else ""
        self.report(
            {
                "type": "warning",
                "message": f"Step {progress.step} (rows {named}{more}) gave a loss or gradient that is not finite; "
                "it was skipped.",
            }
        )
        if progress.skipped_in_a_row >= SKIPPED_IN_A_ROW:
            rate = self.config.effective_learning_rate
            raise TrainingError(
                f"Training stopped at step {progress.step}: {SKIPPED_IN_A_ROW} steps in a row gave a loss or "
                "gradient that is not finite.",
                f"Train again with a lower learning rate, such as {rate / SLOWER:.1g} instead of {rate:g}; if it is "
                "the first steps that fail, look at those rows, and whether the base model answers at all.",
            )

    def _evaluate(self) -> None:
        """Measure on the development rows. Neither the order of the rows nor the random state takes notice."""
        self.model.eval()
        try:
            found, samples = self._development_figures()
        finally:
            self.model.train()
        loss = math.nan if found.objective is None else found.objective
        quality = sum(sample.quality for sample in samples) / len(samples) if samples else None
        self.report(
            {
                "type": "eval",
                "step": self.progress.step,
                "loss": _finite(loss),
                "accuracy": found.validation_accuracy,
                "reference_accuracy": found.reference_accuracy,
                "token_accuracy": found.token_accuracy,
                "quality": quality,
                "samples": [sample.as_record() for sample in samples],
            }
        )
        score = -loss if self.config.best_by is BestBy.LOSS or quality is None else quality
        self._remember_best(score)

    def _development_figures(self) -> tuple[Evaluation, list[Sample]]:
        data = self.data
        found = evaluate(self.stepper, data.development, self.cancel)
        return found, [] if data.sampler is None else data.sampler.samples(self.model, self.cancel)

    def _remember_best(self, score: float) -> None:
        """Keep the adapter if no evaluation was better; after too many that were not, end the run."""
        progress = self.progress
        if score > progress.best_score:
            progress.best_score, progress.best_step, progress.worse_in_a_row = score, progress.step, 0
            # Copies: the optimiser replaces the model's arrays, but a checkpoint must not see later ones.
            self._best = dict(adapter_weights(self.model))
            return
        progress.worse_in_a_row += 1
        if 0 < self.config.early_stop <= progress.worse_in_a_row and progress.step < self.steps:
            progress.ended = Ending.EARLY

    def _step_message(self, result: StepResult, norm: float, rate: float, step_s: float) -> dict[str, Any]:
        progress = self.progress
        return {
            "type": "step",
            "step": progress.step,
            "steps": self.steps,
            "epoch": 1 + (progress.step - 1) // self._steps_per_epoch,
            "loss": _finite(float(result.loss)),
            "accuracy": float(result.correct) / result.pairs if result.pairs else None,
            "margin": _finite(float(result.margin) / result.pairs) if result.pairs else None,
            "learning_rate": rate,
            "gradient_norm": _finite(norm),
            "tokens": result.tokens,
            "elapsed_s": round(progress.elapsed_s, 3),
            "tokens_per_s": round(result.tokens / max(step_s, 1e-9), 1),
            "peak_memory_bytes": mx.get_peak_memory(),
            "memory_bytes": mx.get_active_memory(),
            "left_s": round(progress.elapsed_s / progress.step * (self.steps - progress.step), 1),
        }


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
