from __future__ import annotations

from typing import Any

import mlx.core as mx
import pytest
from mlx.nn.layers.embedding import Embedding
from mlx.nn.layers.linear import Linear

from lorastudio.worker.head import FrozenHead

HIDDEN, VOCABULARY, SCORED = 64, 50, 37


def make_head(kind: str) -> Any:
    mx.random.seed(1)
    plain = {
        "linear": lambda: Linear(HIDDEN, VOCABULARY, bias=False),
        "biased": lambda: Linear(HIDDEN, VOCABULARY),
        "tied": lambda: Embedding(VOCABULARY, HIDDEN),
    }
    kind, _, bits = kind.partition(" ")
    module = plain[kind]()
    module = module.to_quantized(group_size=32, bits=int(bits)) if bits else module
    module.freeze()
    return module


def plain_log_probs(module: Any, cap: float | None, hidden: mx.array, ids: mx.array) -> mx.array:
    logits = module.as_linear(hidden) if hasattr(module, "as_linear") else module(hidden)
    logits = logits if cap is None else cap * mx.tanh(logits / cap)
    chosen = mx.take_along_axis(logits, ids[:, None], axis=-1)[:, 0]
    return chosen - mx.logsumexp(logits, axis=-1)


@pytest.mark.parametrize("cap", [None, 2.0])
@pytest.mark.parametrize("kind", ["linear", "biased", "tied", "linear 4", "linear 8", "tied 4"])
def test_values_and_gradient_are_those_of_the_plain_formula(
    kind: str, cap: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lorastudio.worker.head.chunk_rows", lambda vocabulary: 16)  # several chunks, the last not full
    module, head = make_head(kind), FrozenHead(make_head(kind), cap)
    hidden, ids = mx.random.normal((SCORED, HIDDEN)), mx.random.randint(0, VOCABULARY, (SCORED,))
    weights = mx.random.normal((SCORED,))

    def ours(hidden: mx.array) -> mx.array:
        return (head.log_probs(hidden, ids) * weights).sum()

    def theirs(hidden: mx.array) -> mx.array:
        return (plain_log_probs(module, cap, hidden, ids) * weights).sum()

    (value, gradient), (wanted, slope) = mx.value_and_grad(ours)(hidden), mx.value_and_grad(theirs)(hidden)
    assert float(value) == pytest.approx(float(wanted), rel=1e-5)
    assert float(mx.linalg.norm(gradient - slope) / mx.linalg.norm(slope)) < 2e-6
    scores, first = head.scores(hidden, ids)
    assert mx.allclose(scores, plain_log_probs(module, cap, hidden, ids), atol=1e-5)
    assert first.shape == (SCORED,)


def test_extreme_logits_stay_finite() -> None:
    module = Linear(2, 3, bias=False)
    module.weight = mx.array([[1e4, 0.0], [-1e4, 0.0], [0.0, 1.0]])
    hidden, ids = mx.array([[1.0, 0.0], [1.0, 0.0]]), mx.array([0, 1])
    log_probs = FrozenHead(module).log_probs(hidden, ids)
    assert log_probs.tolist() == [0.0, -2e4]
