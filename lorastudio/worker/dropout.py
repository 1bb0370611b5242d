"""Dropout whose mask is a function of a key, so that a block computed a second time drops the same values.

`mlx.nn.Dropout` draws from a global state: under `mx.checkpoint` the second computation draws another mask, and the
gradients are those of another function than the loss.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
from mlx.nn.layers.base import Module


class KeyedDropout(Module):
    """Zeroes each value with probability `p` and divides the others by 1 − p, in training alone.

    Formula: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html, section 4, with the scaling moved
    from test to training. The mask of a shape stays the same until `seed_dropout` gives the layer its next key.
    """

    def __init__(self, p: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # MLX has no types here
        self.p = p
        # Names that begin with an underscore are no parameters to MLX: neither trained nor saved.
        self._key = mx.random.key(0)

    def __call__(self, x: mx.array) -> mx.array:
        if self.p == 0.0 or not self.training:
            return x
        kept = mx.random.bernoulli(1 - self.p, x.shape, key=self._key)
        return mx.where(kept, x / (1 - self.p), mx.zeros((), x.dtype))


def seed_dropout(model: Any, seed: int) -> None:
    """Give every layer of `model` that drops values a key of its own, made from `seed`."""
    layers = [module for module in model.modules() if isinstance(module, KeyedDropout) and module.p > 0.0]
    if layers:
        for layer, key in zip(layers, mx.random.split(mx.random.key(seed), len(layers)), strict=True):
            layer._key = key
