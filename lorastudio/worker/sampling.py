"""Choosing the next token of each row, from the row's own settings alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from lorastudio.domain.seeds import derive_seed


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One answer that is wanted.

    Temperature 0 takes the likeliest token. `top_p` keeps the smallest set of tokens whose probability
    reaches it. `max_tokens` counts answer tokens without the end token. `top_logprobs` None: no
    log-probabilities; n: those of the n likeliest tokens beside the chosen one's. `stops` end the answer
    before the first of them.
    """

    prompt: tuple[int, ...]
    max_tokens: int
    seed: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    stops: tuple[str, ...] = ()
    top_logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class TokenLogProbs:
    """Log-probabilities at temperature 1 of the chosen token and of the likeliest ones, greatest first."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The token chosen for a row, with log-probabilities if the request wants them."""

    token: int
    log_probs: TokenLogProbs | None


def choose(logits: mx.array, requests: Sequence[SampleRequest | None], positions: Sequence[int]) -> list[Choice | None]:
    """The next token of every row that has a request. `logits` is (rows, vocabulary).

    `positions` count the answer tokens before this one: noise is a function of the request's seed and the
    position, so a row's choice never depends on the rows beside it.
    """
    rows = [(row, request) for row, request in enumerate(requests) if request is not None]
    logits = logits.astype(mx.float32)
    tokens = np.array(mx.argmax(_scores(logits, requests, positions), axis=-1))
    wanted = {row: request.top_logprobs for row, request in rows if request.top_logprobs is not None}
    log_probs = np.array(_log_softmax(logits)) if wanted else None
    choices: list[Choice | None] = [None] * len(requests)
    for row, _ in rows:
        token = int(tokens[row])
        detail = None if log_probs is None or row not in wanted else _detail(log_probs[row], token, wanted[row] or 0)
        choices[row] = Choice(token, detail)
    return choices


def _scores(logits: mx.array, requests: Sequence[SampleRequest | None], positions: Sequence[int]) -> mx.array:
    """Numbers whose greatest is the choice: logits for greedy rows, else logits / temperature + Gumbel noise.

    Gumbel-max sampling, Gumbel 1954; see Maddison et al. 2014, https://arxiv.org/abs/1411.0030. Two models
    that answer the same question with the same seed share their noise, so they differ only where they must.
    """
    temperatures = np.array([request.temperature if request else 0.0 for request in requests], np.float32)
    if not temperatures.any():
        return logits
    if any(request is not None and request.top_p < 1 for request in requests):
        top_ps = mx.array(np.array([request.top_p if request else 1.0 for request in requests], np.float32))
        sampled = _nucleus(logits / _divisors(temperatures), top_ps)
    else:
        sampled = logits / _divisors(temperatures)
    noise = _gumbel(requests, positions, logits.shape[-1])
    return mx.where(mx.array(temperatures > 0)[:, None], sampled + noise, logits)


def _divisors(temperatures: np.ndarray[Any, np.dtype[np.float32]]) -> mx.array:
    return mx.array(np.where(temperatures > 0, temperatures, np.float32(1)))[:, None]


def _gumbel(requests: Sequence[SampleRequest | None], positions: Sequence[int], vocabulary: int) -> mx.array:
    """(rows, vocabulary) noise; each row's generator is keyed by its seed and position."""
    keys = np.zeros((len(requests), 2), np.uint32)
    for row, request in enumerate(requests):
        if request is not None:
            keys[row] = derive_seed("sampling", request.seed), positions[row]
    draw = mx.vmap(lambda key: mx.random.gumbel((vocabulary,), key=key))
    noise: mx.array = draw(mx.array(keys))
    return noise


def _nucleus(scores: mx.array, top_ps: mx.array) -> mx.array:
    """Scores with everything outside the smallest set of probability `top_p` at −∞; rows at 1 are unchanged.

    Holtzman et al. 2020, https://arxiv.org/abs/1904.09751, section 3.1.
    """
    order = mx.argsort(-scores, axis=-1)
    ranked = mx.softmax(mx.take_along_axis(scores, order, axis=-1), axis=-1)
    before = mx.cumsum(ranked, axis=-1) - ranked
    ranks = mx.argsort(order, axis=-1)
    keep = mx.take_along_axis(before, ranks, axis=-1) < top_ps[:, None]
    return mx.where(keep | (top_ps >= 1)[:, None], scores, -mx.inf)


def _log_softmax(logits: mx.array) -> mx.array:
    return logits - mx.logsumexp(logits, axis=-1, keepdims=True)


def _detail(log_probs: np.ndarray[Any, np.dtype[np.float32]], token: int, top: int) -> TokenLogProbs:
    order = np.argsort(-log_probs, kind="stable")[:top]
    likeliest = tuple((int(index), float(log_probs[index])) for index in order)
    return TokenLogProbs(token, float(log_probs[token]), likeliest)
