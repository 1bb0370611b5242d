"""The layers of LoRA and DoRA, against mlx-lm's and against the formula."""

from __future__ import annotations

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx_lm.tuner.dora import DoRALinear
from mlx_lm.tuner.lora import LoRALinear

from lorastudio.worker.adapter_layers import DoraLinear, LoraLinear, without_adapter

INPUTS, OUTPUTS, RANK, SCALE = 64, 48, 4, 3.0
THEIRS = {LoraLinear: LoRALinear, DoraLinear: DoRALinear}
NORMAL = mx.random.normal


def linear_of(bits: int | None, *, bias: bool, dtype: mx.Dtype = mx.float32) -> nn.Module:
    linear = nn.Linear(INPUTS, OUTPUTS, bias=bias)
    linear.weight = NORMAL((OUTPUTS, INPUTS), key=mx.random.key(0)).astype(dtype)
    if bias:
        linear.bias = NORMAL((OUTPUTS,), key=mx.random.key(1)).astype(dtype)
    return linear if bits is None else linear.to_quantized(group_size=32, bits=bits)


def moved(layer: nn.Module) -> nn.Module:
    """The layer with its adapter somewhere else than where it starts; the same place for the same names."""
    layer.lora_a = 0.2 * NORMAL((INPUTS, RANK), key=mx.random.key(2))
    layer.lora_b = 0.2 * NORMAL((RANK, OUTPUTS), key=mx.random.key(3))
    if "m" in layer:
        layer.m = layer.m * (1 + 0.1 * NORMAL((OUTPUTS,), key=mx.random.key(4)))
    return layer


def both(kind: type[LoraLinear], linear: nn.Module) -> tuple[nn.Module, nn.Module]:
    linear.freeze()
    ours = kind(linear, RANK, SCALE, 0.0, mx.random.key(5))
    return moved(ours), moved(THEIRS[kind].from_base(linear, r=RANK, scale=SCALE))


def gradients(layer: nn.Module, x: mx.array) -> dict[str, np.ndarray]:
    loss = nn.value_and_grad(layer, lambda given: mx.sin(layer(given)).sum())
    return {name: np.array(value) for name, value in loss(x)[1].items() if isinstance(value, mx.array)}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("bits", [None, 4, 8])
@pytest.mark.parametrize("kind", [LoraLinear, DoraLinear])
def test_outputs_and_gradients_are_those_of_mlx_lm(kind: type[LoraLinear], bits: int | None, bias: bool) -> None:
    ours, theirs = both(kind, linear_of(bits, bias=bias))
    x = NORMAL((1, 7, INPUTS), key=mx.random.key(6))
    np.testing.assert_allclose(np.array(ours(x)), np.array(theirs(x)), rtol=2e-4, atol=2e-4)
    found, expected = gradients(ours, x), gradients(theirs, x)
    assert found.keys() == expected.keys() == {"lora_a", "lora_b", *(["m"] if kind is DoraLinear else [])}
    for name, value in expected.items():
        assert np.linalg.norm(found[name] - value) < 1e-4 * np.linalg.norm(value), name


def test_the_norm_is_that_of_the_adapted_weight_though_it_is_never_formed() -> None:
    layer, _ = both(DoraLinear, linear_of(None, bias=False))
    adapted = np.array(layer.linear.weight, np.float64)
    adapted += SCALE * np.array(layer.lora_b, np.float64).T @ np.array(layer.lora_a, np.float64).T
    direction = adapted / np.linalg.norm(adapted, axis=1, keepdims=True)
    x = NORMAL((5, INPUTS), key=mx.random.key(6))
    expected = np.array(x) @ (np.array(layer.m)[:, None] * direction).T
    np.testing.assert_allclose(np.array(layer(x)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bits", [None, 8])
def test_a_row_of_zeros_stays_finite(bits: int | None) -> None:
    linear = nn.Linear(INPUTS, OUTPUTS, bias=False)
    linear.weight = mx.zeros((OUTPUTS, INPUTS))
    layer = DoraLinear(linear if bits is None else linear.to_quantized(32, bits), RANK, SCALE, 0.0, mx.random.key(0))
    assert not np.array(layer(mx.ones((3, INPUTS)))).any()
    assert all(np.isfinite(value).all() for value in gradients(layer, mx.ones((3, INPUTS))).values())


@pytest.mark.parametrize("kind", [LoraLinear, DoraLinear])
@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_half_precision_stays_in_its_type(kind: type[LoraLinear], dtype: mx.Dtype) -> None:
    linear = linear_of(None, bias=True, dtype=dtype)
    fresh = kind(linear, RANK, SCALE, 0.0, mx.random.key(5))
    x = NORMAL((3, INPUTS), key=mx.random.key(6)).astype(dtype)
    assert mx.allclose(fresh(x), linear(x), rtol=1e-2, atol=1e-1).item()
    ours, theirs = both(kind, linear)
    assert ours(x).dtype == dtype and ours.lora_a.dtype == mx.float32
    np.testing.assert_allclose(
        np.array(ours(x).astype(mx.float32)), np.array(theirs(x).astype(mx.float32)), rtol=0.05, atol=0.5
    )


@pytest.mark.parametrize("kind", [LoraLinear, DoraLinear])
def test_without_its_adapter_a_model_is_its_base_bit_for_bit(kind: type[LoraLinear]) -> None:
    linear = linear_of(None, bias=True)
    layer, _ = both(kind, linear)
    x = NORMAL((3, INPUTS), key=mx.random.key(6))
    before = layer(x)
    with without_adapter(layer) as base:
        assert mx.array_equal(base(x), linear(x)).item()
    assert mx.array_equal(layer(x), before).item() and not mx.array_equal(before, linear(x)).item()


def test_a_settled_layer_answers_as_before() -> None:
    layer, _ = both(DoraLinear, linear_of(4, bias=True))
    x = NORMAL((3, INPUTS), key=mx.random.key(6))
    before = layer(x)
    layer.settle()
    assert mx.array_equal(layer(x), before).item()
    assert set(layer.trainable_parameters()) - {"linear", "dropout"} == {"lora_a", "lora_b", "m"}
