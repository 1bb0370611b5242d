"""Orders to train, and what a worker child says while it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lorastudio.training.config import TrainConfig

CONFIG = TrainConfig(
    rank=4, learning_rate=1e-2, epochs=4, checkpoint_every_steps=4, evaluate_every_steps=8,
    replay_per_step=2, replay_prompts=("b1", "c2 c3", "d4", "e5 e6"),
)  # fmt: skip
STEPS = 28


def train_order(base: Path, data: Path, folder: Path, config: TrainConfig = CONFIG, **changes: Any) -> dict[str, Any]:
    return {
        "job": "train",
        "base": base,
        "data": data,
        "config": config.as_record(),
        "checkpoints": folder / "checkpoints",
        "output": folder / "output",
        "resume": False,
        "golden_prompts": ["b1 c1", "d2"],
    } | changes


def steps_in(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The steps that a message tells of, oldest first."""
    if message["type"] == "step":
        yield from message.get("earlier", ())
        yield message
