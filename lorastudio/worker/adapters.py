"""Adapters: put on a clone of the base that shares its weights, and read and written as mlx-lm does."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx.utils import tree_flatten, tree_unflatten

from lorastudio.domain.errors import KnownError
from lorastudio.domain.seeds import derive_seed
from lorastudio.training.config import AdapterKind
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_FILE
from lorastudio.worker.adapter_layers import DoraLinear, LoraLinear, is_linear
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.tensor_file import load_tensors
from lorastudio.worker.thinking import ThinkingSwitch

LAYER_OF = {AdapterKind.LORA: LoraLinear, AdapterKind.DORA: DoraLinear}


@dataclass(frozen=True, slots=True)
class AdapterShape:
    """Where an adapter sits and how large it is: `layers` last blocks, `keys` the modules inside a block."""

    rank: int
    scale: float
    dropout: float
    layers: int
    keys: tuple[str, ...]
    kind: AdapterKind = AdapterKind.LORA

    def layer_on(self, linear: Module, key: mx.array) -> LoraLinear:
        """A fresh adapter on a linear layer; `key` decides how it starts."""
        return LAYER_OF[self.kind](linear, self.rank, self.scale, self.dropout, key)


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
            (name, shape.layer_on(module, mx.random.key(derive_seed("lora", seed, number, name))))
            for name, module in blocks[number].named_modules()
            if name in shape.keys and is_linear(module)
        ]
        blocks[number].update_modules(tree_unflatten(replaced))
    mx.eval(model.trainable_parameters())
    return model


def choose_shape(
    base: BaseModel,
    *,
    rank: int,
    scale: float,
    dropout: float,
    layers: int | None,
    kind: AdapterKind = AdapterKind.LORA,
    target_modules: Sequence[str] = (),
) -> AdapterShape:
    """An adapter on linear layers of the last `layers` blocks; None, or more than there are, means all blocks.

    `target_modules` are the ends of the modules' names, as "q_proj" or "self_attn.q_proj"; none means every linear
    layer. Experts of mixture models keep their weights: only plain and quantised linear layers are adapted.
    KnownError, with the names there are, when a target is none of them.
    """
    blocks = base.model.layers
    count = len(blocks) if layers is None else min(layers, len(blocks))
    named = [item for block in blocks[-count:] for item in block.named_modules()]
    # mlx-lm puts an adapter on whatever has the name, in every block, so the name must mean a linear layer in all.
    others = {name for name, module in named if not is_linear(module)}
    keys = sorted({name for name, module in named if is_linear(module)} - others)
    if not keys:
        raise KnownError("This model has no linear layers that an adapter could sit on.", "Choose another base model.")
    return AdapterShape(rank, scale, dropout, count, _targeted(keys, target_modules), kind)


def adapter_weights(model: Any) -> dict[str, mx.array]:
    """The adapter's arrays by mlx-lm's names: `<module>.lora_a`, `<module>.lora_b` and, of DoRA, `<module>.m`."""
    return dict(tree_flatten(model.trainable_parameters()))


def adapter_config(base: BaseModel, shape: AdapterShape, thinking: ThinkingSwitch) -> dict[str, Any]:
    """The content of `adapter_config.json`: what mlx-lm reads, the base that the adapter belongs to, and how its
    chat template was asked for prompts."""
    return {
        "fine_tune_type": shape.kind.value,
        "num_layers": shape.layers,
        "lora_parameters": {
            "rank": shape.rank,
            "scale": shape.scale,
            "dropout": shape.dropout,
            "keys": list(shape.keys),
        },
        "base_fingerprint": base.fingerprint,
        "template_hash": base.template_hash,
        "thinking": thinking.as_record(),
    }


def stored_thinking(folder: Path | None) -> ThinkingSwitch | None:
    """The thinking switch that a version was trained with; None for the base, and when nothing is said of it."""
    record = None if folder is None else _read_config(folder).get("thinking")
    if record is None:
        return None
    try:
        return ThinkingSwitch.from_record(record)
    except (KeyError, TypeError, ValueError) as error:
        raise KnownError(f"The adapter in {folder} has an unreadable thinking switch.") from error


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
    for module in model.modules():
        if isinstance(module, LoraLinear):
            module.settle()
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
    if not isinstance(config, dict) or config.get("fine_tune_type", "lora") not in list(AdapterKind):
        raise KnownError(f"The adapter in {folder} is neither LoRA nor DoRA.", "Only these two can be loaded.")
    return config


def _shape_of(config: dict[str, Any]) -> AdapterShape:
    settings = config["lora_parameters"]
    return AdapterShape(
        rank=int(settings["rank"]),
        scale=float(settings["scale"]),
        dropout=float(settings.get("dropout", 0.0)),
        layers=int(config["num_layers"]),
        keys=tuple(settings["keys"]),
        kind=AdapterKind(config.get("fine_tune_type", "lora")),
    )


def _targeted(keys: Sequence[str], targets: Sequence[str]) -> tuple[str, ...]:
    """The keys that end with one of the targets, whole parts of a name only; all keys without targets."""
    for target in targets:
        if not any(_ends_with(key, target) for key in keys):
            raise KnownError(
                f"The base model has no linear layer called {target}.", f"Its linear layers are: {', '.join(keys)}."
            )
    return tuple(key for key in keys if not targets or any(_ends_with(key, target) for target in targets))


def _ends_with(key: str, target: str) -> bool:
    return f".{key}".endswith(f".{target}")


def _own_arrays(module: Module) -> list[mx.array]:
    values = [*module.values(), *vars(module).values()]
    return [value for value in values if isinstance(value, mx.array)]
