"""The gated feed-forward of Llama's kin, with a gradient that keeps one array a layer less than MLX's own.

SwiGLU: Shazeer 2020, https://arxiv.org/abs/2002.05202, section 2: down(silu(gate x) · up x), silu(g) = g·σ(g).
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx


def feed_forward(module: Any, x: mx.array) -> mx.array:
    """What `module` (with gate_proj, up_proj and down_proj) makes of x (…, hidden)."""
    gated: Any = _gated(module.gate_proj(x), module.up_proj(x))
    fed: mx.array = module.down_proj(gated[0])
    return fed


def has_swiglu(module: Any) -> bool:
    """Whether a module has the three layers of a gated feed-forward; which gate it uses, its family says."""
    return all(name in module for name in ("gate_proj", "up_proj", "down_proj"))


@mx.custom_function
def _gated(gate: mx.array, up: mx.array) -> tuple[mx.array, mx.array]:
    """silu(gate) · up, and σ(gate) for the way back: an exponential costs more than all the rest."""
    open_share = mx.sigmoid(gate)
    return gate * open_share * up, open_share


@_gated.vjp
def _gated_backward(primals: Any, cotangents: Any, outputs: Any) -> tuple[mx.array, mx.array]:
    """∂/∂gate = up · σ (1 + gate (1 − σ)), ∂/∂up = gate · σ."""
    gate, up = primals
    slope, open_share = cotangents[0], outputs[1]
    by_gate = slope * up * (open_share * (1 + gate * (1 - open_share)))
    return by_gate, slope * (gate * open_share)
