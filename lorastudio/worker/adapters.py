"""LoRA adapters: put on a clone of the base that shares its weights, and read and written as mlx-lm does."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx.nn.layers.dropout import Dropout
from mlx.nn.layers.linear import Linear
from mlx.nn.layers.quantized import QuantizedLinear
from mlx.utils import tree_flatten, tree_unflatten

from lorastudio.domain.errors import KnownError
from lorastudio.domain.seeds import derive_seed
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_FILE
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.tensor_file import load_tensors


@dataclass(frozen=True, slots=True)
class AdapterShape:
    """Where an adapter sits and how large it is: `layers` last blocks, `keys` the modules inside a block."""

    rank: int
    scale: float
    dropout: float
    layers: int
    keys: tuple[str, ...]


class LoraLinear(Module):
    """y = W x + scale · B (A x), with a frozen W; `lora_a` is (in, rank), `lora_b` (rank, out).

    Formula: Hu et al. 2021, https://arxiv.org/abs/2106.09685, section 4.1. A starts uniform within
    ±1/√in and B at zero, so that a fresh adapter changes nothing.
    """

    def __init__(self, linear: Module, shape: AdapterShape, key: mx.array) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # MLX has no types here
        inputs, outputs = _dimensions(linear)
        bound = 1 / math.sqrt(inputs)
        self.linear = linear
        self.dropout = Dropout(p=shape.dropout)
        self.scale = shape.scale
        self.lora_a = mx.random.uniform(-bound, bound, (inputs, shape.rank), key=key)
        self.lora_b = mx.zeros((shape.rank, outputs))

    def __call__(self, x: mx.array) -> mx.array:
        y = self.linear(x)
        low = self.dropout(x) @ self.lora_a
        adapted: mx.array
        if low.dtype == y.dtype:
            adapted = mx.addmm(y, low, self.lora_b, alpha=self.scale)
        else:
            adapted = y + (self.scale * (low @ self.lora_b)).astype(y.dtype)
        return adapted


def with_shared_weights(model: Any) -> Any:
    """A second module tree over the very same weight arrays."""
    shared = {id(array): array for module in model.modules() for array in _own_arrays(module)}
    return copy.deepcopy(model, shared)


def with_fresh_adapter(base: BaseModel, shape: AdapterShape, seed: int) -> Any:
    """A clone of the base, frozen but for a new adapter whose start depends on `seed` and module names alone."""
    model = with_shared_weights(base.model)
    model.freeze()
    blocks = model.layers
    for number in range(len(blocks) - shape.layers, len(blocks)):
        replaced = [
            (name, LoraLinear(module, shape, mx.random.key(derive_seed("lora", seed, number, name))))
            for name, module in blocks[number].named_modules()
            if name in shape.keys
        ]
        blocks[number].update_modules(tree_unflatten(replaced))
    mx.eval(model.trainable_parameters())
    return model


def choose_shape(base: BaseModel, *, rank: int, scale: float, dropout: float, layers: int | None) -> AdapterShape:
    """An adapter on all linear layers of the last `layers` blocks; None, or more than there are, means all.

    Experts of mixture models keep their weights: only plain and quantised linear layers are adapted.
    """
    blocks = base.model.layers
    count = len(blocks) if layers is None else min(layers, len(blocks))
    keys = sorted({name for block in blocks[-count:] for name, module in block.named_modules() if _is_linear(module)})
    if not keys:
        raise KnownError("This model has no linear layers that an adapter could sit on.", "Choose another base model.")
    return AdapterShape(rank, scale, dropout, count, tuple(keys))


def adapter_weights(model: Any) -> dict[str, mx.array]:
    """The adapter's arrays by mlx-lm's names, `<module>.lora_a` and `<module>.lora_b`."""
    arrays = dict(tree_flatten(model.parameters()))
    return {name: array for name, array in arrays.items() if name.endswith((".lora_a", ".lora_b"))}


def adapter_config(base: BaseModel, shape: AdapterShape) -> dict[str, Any]:
    """The content of `adapter_config.json`: what mlx-lm reads, and the base that the adapter belongs to."""
    return {
        "fine_tune_type": "lora",
        "num_layers": shape.layers,
        "lora_parameters": {
            "rank": shape.rank,
            "scale": shape.scale,
            "dropout": shape.dropout,
            "keys": list(shape.keys),
        },
        "base_fingerprint": base.fingerprint,
        "template_hash": base.template_hash,
    }


def load_version(base: BaseModel, folder: Path | None) -> Any:
    """The model of a version: the base itself for None, else a clone that carries the folder's adapter.

    KnownError when the folder holds no whole adapter, or one that was trained on another base.
    """
    if folder is None:
        return base.model
    config = _read_config(folder)
    if config.get("base_fingerprint", base.fingerprint) != base.fingerprint:
        raise KnownError(
            f"The adapter in {folder} was trained on another base model.", "Load it with the base it belongs to."
        )
    try:
        shape = _shape_of(config)
        weights = load_tensors(folder / ADAPTER_FILE)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise KnownError(f"The adapter in {folder} can't be read: {error}") from error
    model = with_fresh_adapter(base, shape, seed=0)
    put_weights(model, weights, where=str(folder))
    model.eval()
    return model


def put_weights(model: Any, weights: Mapping[str, mx.array], *, where: str) -> None:
    """Set the adapter's arrays; KnownError unless names and shapes are exactly those of the model."""
    wanted = {name: array.shape for name, array in adapter_weights(model).items()}
    given = {name: array.shape for name, array in weights.items()}
    if wanted != given:
        wrong = sorted(set(wanted.items()) ^ set(given.items()))[0][0]
        raise KnownError(f"The adapter in {where} does not fit this base model (first at {wrong}).")
    model.load_weights(list(weights.items()), strict=False)
    mx.eval(model.trainable_parameters())


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KnownError(f"There is no readable adapter in {folder}: {error}") from error
    if not isinstance(config, dict) or config.get("fine_tune_type", "lora") != "lora":
        raise KnownError(f"The adapter in {folder} is no plain LoRA.", "Only LoRA adapters can be loaded.")
    return config


def _shape_of(config: dict[str, Any]) -> AdapterShape:
    settings = config["lora_parameters"]
    return AdapterShape(
        rank=int(settings["rank"]),
        scale=float(settings["scale"]),
        dropout=float(settings.get("dropout", 0.0)),
        layers=int(config["num_layers"]),
        keys=tuple(settings["keys"]),
    )


def _is_linear(module: Module) -> bool:
    return isinstance(module, (Linear, QuantizedLinear))


def _dimensions(linear: Any) -> tuple[int, int]:
    outputs, inputs = linear.weight.shape
    if isinstance(linear, QuantizedLinear):
        inputs = inputs * 32 // linear.bits  # packed into 32-bit words
    return inputs, outputs


def _own_arrays(module: Module) -> list[mx.array]:
    values = [*module.values(), *vars(module).values()]
    return [value for value in values if isinstance(value, mx.array)]
