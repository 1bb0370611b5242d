from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from lorastudio.worker.sampling import SampleRequest, choose


def request(**changes: float) -> SampleRequest:
    return SampleRequest((1,), 10, **changes)  # type: ignore[arg-type]


def tokens(logits: mx.array, requests: list[SampleRequest], position: int = 0) -> list[int]:
    return [choice.token for choice in choose(logits, requests, [position] * len(requests)) if choice is not None]


def test_temperature_zero_is_the_likeliest() -> None:
    logits = mx.random.normal((8, 50), key=mx.random.key(1))
    assert tokens(logits, [request()] * 8) == np.array(mx.argmax(logits, axis=-1)).tolist()


def test_samples_follow_the_distribution() -> None:
    logits = mx.array([0.0, 1.0, 2.0, -1.0])
    rows = 4000
    drawn = tokens(mx.broadcast_to(logits, (rows, 4)), [request(seed=seed, temperature=0.7) for seed in range(rows)])
    shares = np.bincount(drawn, minlength=4) / rows
    np.testing.assert_allclose(shares, np.array(mx.softmax(logits / 0.7)), atol=0.025)


def test_top_p_keeps_the_smallest_set() -> None:
    logits = mx.log(mx.array([0.5, 0.3, 0.15, 0.05]))
    rows = 500
    drawn = tokens(
        mx.broadcast_to(logits, (rows, 4)), [request(seed=seed, temperature=1.0, top_p=0.6) for seed in range(rows)]
    )
    assert set(drawn) == {0, 1}


def test_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    logits = mx.random.normal((16, 64), key=mx.random.key(2))
    mixed = [request(seed=row, temperature=[0.0, 1.0, 0.5][row % 3], top_p=[1.0, 0.7][row % 2]) for row in range(16)]
    together = tokens(logits, mixed, position=3)
    for row in range(16):
        beside_greedy = [mixed[row] if other == row else None for other in range(16)]
        choice = choose(logits, beside_greedy, [3] * 16)[row]
        assert choice is not None and choice.token == together[row]


def test_seed_and_position_decide_the_noise() -> None:
    logits = mx.zeros((1, 1000))
    first = tokens(logits, [request(seed=1, temperature=1.0)])
    assert first == tokens(logits, [request(seed=1, temperature=1.0)])
    assert first != tokens(logits, [request(seed=2, temperature=1.0)])
    assert first != tokens(logits, [request(seed=1, temperature=1.0)], position=1)


def test_log_probs_are_those_of_the_model_at_temperature_one() -> None:
    logits = mx.random.normal((2, 30), key=mx.random.key(3))
    asked = SampleRequest((1,), 10, seed=4, temperature=0.3, top_logprobs=3)
    choice = choose(logits, [asked, None], [0, 0])[0]
    assert choice is not None and choice.log_probs is not None
    expected = np.array(logits[0] - mx.logsumexp(logits[0]))
    assert choice.log_probs.logprob == pytest.approx(expected[choice.token], abs=1e-6)
    assert [token for token, _ in choice.log_probs.top] == np.argsort(-expected)[:3].tolist()
