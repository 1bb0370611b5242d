"""The training loop: AdamW on an adapter, with checkpoints from which it goes on bit for bit.

AdamW with bias correction: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101, algorithm 2.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx.nn.utils import value_and_grad
from mlx.utils import tree_flatten, tree_unflatten

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, TrainingError
from lorastudio.domain.seeds import derive_seed
from lorastudio.training.config import TrainConfig
from lorastudio.worker.adapters import adapter_weights, put_weights
from lorastudio.worker.batches import batches_per_epoch, epoch_batches
from lorastudio.worker.checkpoint import Checkpoint, save_checkpoint
from lorastudio.worker.evaluation import development_loss
from lorastudio.worker.replay import Replay
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.schedule import learning_rate_at
from lorastudio.worker.step_batch import Reference, StepBatch, make_batch, objective_loss

SKIPPED_IN_A_ROW = 3

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a run learns from and is watched on. `references` are by row id and cover both."""

    rows: Sequence[TrainRow]
    development: Sequence[TrainRow]
    references: Mapping[int, Reference]
    replay: Replay


@dataclass
class Progress:
    """What a run remembers beside its weights; all of it is in every checkpoint."""

    step: int = 0
    loss: float = float("nan")
    best_step: int | None = None
    best_loss: float = float("inf")
    skipped: int = 0
    skipped_in_a_row: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0

    def as_record(self) -> dict[str, Any]:
        record = dict(vars(self))
        return {key: None if value in (float("inf"),) or value != value else value for key, value in record.items()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Progress:
        values = {key: value for key, value in record.items() if value is not None}
        return cls(**values)


@dataclass
class Trainer:
    """One run. `train` goes from wherever `progress` stands to the end; `resume` puts it where a checkpoint was."""

    model: Any
    config: TrainConfig
    data: TrainingSet
    checkpoints: Path
    identity: str
    report: Report
    cancel: CancelToken
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self._optimizer = optim.AdamW(learning_rate=0.0, weight_decay=self.config.weight_decay, bias_correction=True)
        self._optimizer.init(self.model.trainable_parameters())
        self._best: dict[str, mx.array] = {}
        self._loss_and_gradient = value_and_grad(self.model, partial(_loss, config=self.config))
        self._steps_per_epoch = batches_per_epoch(len(self.data.rows), self.config.batch_size)

    @property
    def steps(self) -> int:
        return self.config.epochs * self._steps_per_epoch

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of this very run."""
        put_weights(self.model, checkpoint.adapter, where="the checkpoint")
        self._optimizer.state = tree_unflatten(list(checkpoint.optimizer.items()))
        self._best = dict(checkpoint.best)
        self.progress = Progress.from_record(checkpoint.progress)

    def train(self) -> None:
        """Run all remaining steps; on cancel, save a checkpoint and raise `Cancelled`."""
        self.model.train()
        while self.progress.step < self.steps:
            if self.cancel.cancelled:
                self.save()
                raise Cancelled
            self._one_step()
            self._watch()
        self.model.eval()

    def save(self) -> None:
        """Write a checkpoint of the present state."""
        checkpoint = Checkpoint(
            step=self.progress.step,
            identity=self.identity,
            adapter=adapter_weights(self.model),
            optimizer=dict(tree_flatten(self._optimizer.state)),
            best=self._best,
            progress=self.progress.as_record(),
        )
        path = save_checkpoint(self.checkpoints, checkpoint)
        self.report({"type": "saved", "step": self.progress.step, "path": str(path)})

    def keep_best(self) -> None:
        """Put the adapter with the least development loss back; without a development set, the last one stays."""
        if self._best:
            put_weights(self.model, self._best, where="memory")

    def _one_step(self) -> None:
        started = time.monotonic()
        progress = self.progress
        step = progress.step + 1
        batch = self._batch_of(step)
        rate = learning_rate_at(step, self.steps, self.config.effective_learning_rate, self.config.warmup_share)
        # Dropout draws from MLX's global state: set by step, it is the same after a resume.
        mx.random.seed(derive_seed("dropout", self.config.seed, step))
        (loss, accuracy), gradients = self._loss_and_gradient(self.model, batch)
        clip: Any = optim.clip_grad_norm  # MLX has no types here
        gradients, norm = clip(gradients, self.config.clip_norm)
        mx.eval(loss, accuracy, norm, gradients)
        if mx.isfinite(loss).item() and mx.isfinite(norm).item():
            self._optimizer.learning_rate = rate
            self._optimizer.update(self.model, gradients)
            mx.eval(self.model.trainable_parameters(), self._optimizer.state)
            progress.skipped_in_a_row = 0
            progress.loss = float(loss)
        else:
            self._skip(step)
        progress.step = step
        progress.tokens += batch.tokens
        progress.elapsed_s += time.monotonic() - started
        self.report(self._step_message(loss, accuracy if batch.reference is not None else None, rate, batch))

    def _batch_of(self, step: int) -> StepBatch:
        epoch, index = divmod(step - 1, self._steps_per_epoch)
        lengths = [len(row) for row in self.data.rows]
        order = epoch_batches(lengths, self.config.batch_size, self.config.seed, epoch)
        rows = [self.data.rows[row] for row in order[index]]
        return make_batch(rows, self.data.references, self.data.replay.rows_of(step, self.config.seed))

    def _skip(self, step: int) -> None:
        progress = self.progress
        progress.skipped += 1
        progress.skipped_in_a_row += 1
        self.report({"type": "warning", "message": f"Step {step} gave a loss that is not finite and was skipped."})
        if progress.skipped_in_a_row >= SKIPPED_IN_A_ROW:
            raise TrainingError(
                f"Training stopped at step {step}: {SKIPPED_IN_A_ROW} steps in a row gave a loss that is not finite.",
                "Try a lower learning rate.",
            )

    def _watch(self) -> None:
        """Evaluate and save where the config asks for it; always evaluate after the last step."""
        step, last = self.progress.step, self.progress.step == self.steps
        if self.data.development and (last or step % self.config.evaluate_every_steps == 0):
            self._evaluate()
        if step % self.config.checkpoint_every_steps == 0 and not last:
            self.save()

    def _evaluate(self) -> None:
        self.model.eval()
        loss, accuracy = development_loss(self.model, self.data.development, self.data.references, self.config)
        self.model.train()
        self.report({"type": "eval", "step": self.progress.step, "loss": _finite(loss), "accuracy": accuracy})
        if loss < self.progress.best_loss:
            self.progress.best_loss, self.progress.best_step = loss, self.progress.step
            # Copies: the optimiser replaces the model's arrays, but a checkpoint must not see later ones.
            self._best = dict(adapter_weights(self.model))

    def _step_message(self, loss: mx.array, accuracy: mx.array | None, rate: float, batch: StepBatch) -> dict[str, Any]:
        progress = self.progress
        return {
            "type": "step",
            "step": progress.step,
            "steps": self.steps,
            "epoch": 1 + (progress.step - 1) // self._steps_per_epoch,
            "loss": _finite(float(loss)),
            "accuracy": None if accuracy is None else float(accuracy),
            "learning_rate": rate,
            "tokens": batch.tokens,
            "elapsed_s": round(progress.elapsed_s, 3),
            "tokens_per_s": round(progress.tokens / max(progress.elapsed_s, 1e-9), 1),
            "peak_memory_bytes": mx.get_peak_memory(),
            "left_s": round(progress.elapsed_s / progress.step * (self.steps - progress.step), 1),
        }


def _loss(model: Any, batch: StepBatch, *, config: TrainConfig) -> tuple[mx.array, mx.array]:
    loss, accuracy = objective_loss(model, batch, config)
    return loss, mx.array(0.0) if accuracy is None else accuracy


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if value - value == 0 else None
