"""Finished versions over tiny models, and quantised bases for them, without a training run."""

from __future__ import annotations

import json
from pathlib import Path

import mlx.core as mx
from mlx_lm.utils import load_model, quantize_model, save_model

from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_FILE
from lorastudio.worker.adapters import (
    AdapterShape,
    adapter_config,
    adapter_weights,
    choose_shape,
    put_weights,
    with_fresh_adapter,
)
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.tensor_file import tensor_bytes
from lorastudio.worker.thinking import ThinkingSwitch
from tests.worker.tiny_model import write_tiny_model


def write_version(
    base: BaseModel, folder: Path, shape: AdapterShape | None = None, thinking: ThinkingSwitch | None = None
) -> Path:
    """An adapter that changes something, in a finished version's folder; by default LoRA on all linear layers."""
    shape = shape or choose_shape(base, rank=4, scale=2.0, dropout=0.0, layers=None)
    model = with_fresh_adapter(base, shape, seed=1)
    key = mx.random.key(7)
    noisy = {
        name: array + 0.1 * mx.random.normal(array.shape, key=key) for name, array in adapter_weights(model).items()
    }
    put_weights(model, noisy, where="test")
    folder.mkdir()
    (folder / ADAPTER_FILE).write_bytes(tensor_bytes(adapter_weights(model)))
    config = adapter_config(base, shape, thinking or ThinkingSwitch(enabled=False))
    (folder / ADAPTER_CONFIG).write_text(json.dumps(config))
    return folder


def load_quantized(folder: Path, bits: int) -> BaseModel:
    """A tiny base whose linear layers hold `bits` a weight."""
    write_tiny_model(folder, hidden_size=64, head_dim=32, intermediate_size=64)
    model, config = load_model(folder)
    model, config = quantize_model(model, config, group_size=32, bits=bits)
    save_model(folder, model)
    (folder / "config.json").write_text(json.dumps(config))
    return load_base(folder)
