"""Linear layers with an adapter on them: LoRA, and DoRA on top of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx.nn.layers.linear import Linear
from mlx.nn.layers.quantized import QuantizedLinear

from lorastudio.worker.dropout import KeyedDropout

# Below any squared norm that a weight row of a model has, and above zero: keeps all-zero rows finite.
LEAST_SQUARED_NORM = 1e-30


class LoraLinear(Module):
    """y = W x + scale · B (A x), with a frozen W; `lora_a` is (in, rank), `lora_b` (rank, out).

    Formula: Hu et al. 2021, https://arxiv.org/abs/2106.09685, section 4.1. A starts uniform within
    ±1/√in and B at zero, so that a fresh adapter changes nothing. x is (..., in). `active` False makes the
    layer W x alone, see `without_adapter`.
    """

    def __init__(self, linear: Module, rank: int, scale: float, dropout: float, key: mx.array) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # MLX has no types here
        inputs, outputs = dimensions(linear)
        bound = 1 / math.sqrt(inputs)
        self.linear = linear
        self.dropout = KeyedDropout(dropout)
        self.scale = scale
        self.active = True
        self.lora_a = mx.random.uniform(-bound, bound, (inputs, rank), key=key)
        self.lora_b = mx.zeros((rank, outputs))

    def __call__(self, x: mx.array) -> mx.array:
        y: mx.array = self.linear(x)
        return self._with_update(y, x) if self.active else y

    def settle(self) -> None:
        """The weights will not change any more: a layer may work out once what depends on them alone."""

    def _with_update(self, y: mx.array, x: mx.array) -> mx.array:
        """y + scale · B (A x), in y's type."""
        low = self.dropout(x) @ self.lora_a
        if low.dtype == y.dtype:
            return mx.addmm(y, low, self.lora_b, alpha=self.scale)
        return y + (self.scale * (low @ self.lora_b)).astype(y.dtype)


class DoraLinear(LoraLinear):
    """y = m / ‖W + scale · B A‖ · (W x + scale · B (A x)) + bias, the norm over each output's row.

    Formula: Liu et al. 2024, https://arxiv.org/abs/2402.09353, equations 5 and 6; the norm is a constant to the
    gradient (section 4.3). `m`, (out,), is trained too and starts at ‖W‖, so that a fresh adapter changes
    nothing. No adapted weight is ever formed: with u = scale · b for an output's column b of B,
    ‖w + A u‖² = ‖w‖² + 2 u·(Aᵀ w) + u·(AᵀA) u, which costs rank more rows through W. ‖w‖² is worked out once;
    of a quantised W, from its dequantised values.
    """

    def __init__(self, linear: Module, rank: int, scale: float, dropout: float, key: mx.array) -> None:
        super().__init__(linear, rank, scale, dropout, key)
        # Names that begin with an underscore are no parameters to MLX: neither trained nor saved.
        self._squared_norm = mx.square(_dense_weight(linear).astype(mx.float32)).sum(axis=1)
        self._settled: mx.array | None = None
        self.m = mx.sqrt(self._squared_norm)
        mx.eval(self._squared_norm, self.m)  # now, or the dequantised weights of all layers would wait together

    def __call__(self, x: mx.array) -> mx.array:
        if not self.active:
            plain: mx.array = self.linear(x)
            return plain
        stretch = self._stretch() if self._settled is None else self._settled
        y = self._with_update(product(self.linear, x), x)
        y = stretch.astype(y.dtype) * y
        return y + self.linear.bias if "bias" in self.linear else y

    def settle(self) -> None:
        self._settled = self._stretch()
        mx.eval(self._settled)

    def _stretch(self) -> mx.array:
        """m / ‖W + scale · B A‖ as float32, (out,)."""
        a, b = mx.stop_gradient(self.lora_a), mx.stop_gradient(self.scale * self.lora_b)
        rows = a.T.astype(_float_type(self.linear))  # in W's own type, so that W is not converted as a whole
        projected = product(self.linear, rows).astype(mx.float32)
        squared = self._squared_norm + (b * (2 * projected + (a.T @ a) @ b)).sum(axis=0)
        return self.m / mx.sqrt(mx.maximum(squared, LEAST_SQUARED_NORM))


@contextmanager
def without_adapter(model: Any) -> Iterator[Any]:
    """The model as its bare base within the block: what the reference of a preference objective is.

    Costs nothing and needs no second model. A function compiled before the block keeps what it was compiled
    with: compile the reference's pass inside.
    """
    layers = [module for module in model.modules() if isinstance(module, LoraLinear)]
    for layer in layers:
        layer.active = False
    try:
        yield model
    finally:
        for layer in layers:
            layer.active = True


def is_linear(module: Module) -> bool:
    """Whether an adapter can sit on it."""
    return isinstance(module, Linear | QuantizedLinear)


def dimensions(linear: Any) -> tuple[int, int]:
    """The numbers of inputs and outputs of a plain or quantised linear layer."""
    outputs, inputs = linear.weight.shape
    if isinstance(linear, QuantizedLinear):
        inputs = inputs * 32 // linear.bits  # packed into 32-bit words
    return inputs, outputs


def product(linear: Any, x: mx.array) -> mx.array:
    """W x without the bias."""
    if not isinstance(linear, QuantizedLinear):
        dense: mx.array = x @ linear.weight.T
        return dense
    return mx.quantized_matmul(
        x,
        linear.weight,
        scales=linear.scales,
        biases=linear.get("biases"),
        transpose=True,
        group_size=linear.group_size,
        bits=linear.bits,
        mode=linear.mode,
    )


def _dense_weight(linear: Any) -> mx.array:
    if not isinstance(linear, QuantizedLinear):
        weight: mx.array = linear.weight
        return weight
    return mx.dequantize(
        linear.weight,
        linear.scales,
        linear.get("biases"),
        group_size=linear.group_size,
        bits=linear.bits,
        mode=linear.mode,
    )


def _float_type(linear: Any) -> mx.Dtype:
    """The type in which the layer multiplies; float32 where its scales are no floating-point numbers."""
    own = linear.scales.dtype if isinstance(linear, QuantizedLinear) else linear.weight.dtype
    return own if mx.issubdtype(own, mx.floating) else mx.float32
