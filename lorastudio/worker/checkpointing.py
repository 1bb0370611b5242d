"""Recomputed activations: a model's blocks keep their inputs alone and compute again on the way back.

Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", https://arxiv.org/abs/1604.06174.
"""

from __future__ import annotations

from typing import Any

from mlx.nn.layers.base import Module
from mlx.nn.utils import checkpoint


def recompute_blocks(model: Any) -> None:
    """Make every block of `model` (its `layers`) keep nothing but its input for the backward pass.

    Only the blocks of this model change, not their class: it may have other models in this process.
    """
    for block in model.layers:
        object.__setattr__(block, "__class__", _recomputing(type(block)))


def _recomputing(kind: type[Module]) -> type[Module]:
    """A block's class whose calls are checkpointed; itself where it is one already."""
    if issubclass(kind, _Recomputing):
        return kind
    return type(f"Recomputing{kind.__name__}", (_Recomputing, kind), {})


class _Recomputing(Module):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return checkpoint(self, super().__call__)(*args, **kwargs)
