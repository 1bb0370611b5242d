"""A training run inside the test's own process, over rows made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx

from lorastudio.domain.cancel import CancelToken
from lorastudio.training.config import TrainConfig
from lorastudio.worker.adapters import adapter_weights, choose_shape, with_fresh_adapter
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.checkpoint import Checkpoint, load_newest
from lorastudio.worker.development_samples import Sampler
from lorastudio.worker.replay import NO_REPLAY, Replay
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.run_identity import RunIdentity
from lorastudio.worker.step import Stepper
from lorastudio.worker.tensor_file import tensor_bytes
from lorastudio.worker.training import Trainer, TrainingSet

CONFIG = TrainConfig(rank=4, learning_rate=1e-2, epochs=2, checkpoint_every_steps=3, evaluate_every_steps=4)
Message = dict[str, Any]


def identity_of(config: TrainConfig, **parts: Any) -> RunIdentity:
    return RunIdentity(
        **{"rows": {"train.jsonl": "aa"}, "settings": config.identity_record(), "base": {}, "engine": {}} | parts
    )


class Run:
    """A trainer with everything it reported. `on_message` may ask the trainer for something."""

    def __init__(
        self,
        base: BaseModel,
        folder: Path,
        config: TrainConfig,
        rows: list[TrainRow],
        development: list[TrainRow] | None = None,
        sampler: Sampler | None = None,
    ) -> None:
        self.messages: list[Message] = []
        self.on_message: Callable[[Message], None] = lambda message: None
        self.cancel = CancelToken()
        self.folder = folder
        replay = Replay(tuple(row.good for row in rows[:3] if row.good), config.replay_per_step)
        replay = replay if config.replay_per_step else NO_REPLAY
        shape = choose_shape(base, rank=config.rank, scale=config.scale, dropout=config.dropout, layers=config.layers)
        model = with_fresh_adapter(base, shape, config.seed)
        self.stepper = Stepper.on(model, config, rows, development or [], replay.rows)
        self.stepper.prepare(folder, self.cancel, lambda done, of: None)
        data = TrainingSet(rows, development or [], replay, sampler)
        self.identity = identity_of(config)
        self.trainer = Trainer(self.stepper, data, folder, self.identity, self._report, self.cancel)

    def _report(self, message: Message) -> None:
        self.messages.append(message)
        self.on_message(message)

    def at_step(self, step: int, action: Callable[[], None]) -> None:
        """Do something right after a step."""

        def act(message: Message) -> None:
            if message["type"] == "step" and message["step"] == step:
                action()

        self.on_message = act

    def train(self) -> bytes:
        self.trainer.train()
        self.trainer.keep_best()
        return self.adapter()

    def resume(self) -> Checkpoint:
        checkpoint = load_newest(self.folder, self.identity, lambda warning: None)
        assert checkpoint is not None
        self.trainer.resume(checkpoint)
        return checkpoint

    def weights(self) -> dict[str, mx.array]:
        return adapter_weights(self.trainer.model)

    def adapter(self) -> bytes:
        return tensor_bytes(self.weights())

    def of_type(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == kind]
