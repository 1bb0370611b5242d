"""Versions: finished adapters, immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One finished adapter over one base model.

    `validation_accuracy` is the length-normalised preference accuracy on held-out pairs (None when too
    few could be held out); `gate_accuracy` and `baseline_accuracy` are the gate's primary figure of this
    version and of what it was compared with (None until it was judged). `adapter_hash` is the SHA-256 of
    `adapters.safetensors`.
    """

    version: int
    base_model: str
    training_date: str
    num_examples: int
    final_loss: float | None
    validation_accuracy: float | None
    gate_accuracy: float | None
    baseline_accuracy: float | None
    config: dict[str, Any]
    model_path: str
    parent: int | None
    base_fingerprint: str
    template_hash: str
    dataset_hash: str
    adapter_hash: str
    run_id: int
    verdict: str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
