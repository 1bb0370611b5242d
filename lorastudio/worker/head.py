"""Log-probabilities from hidden states through a frozen head, without ever keeping the logits.

The head is not trained, so the gradient of a row's log-probability with respect to its hidden state is known as soon
as its probabilities are: ∂ ln p(t)/∂h = (1[t] − p)·W. It is made in the forward pass, chunk by chunk, and the backward
pass only scales it. The idea of never keeping the logits is that of "Cut Your Losses" (Wijmans et al. 2024,
https://arxiv.org/abs/2411.09009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mlx.core as mx
from mlx.nn.layers.embedding import Embedding

# The float32 logits of one chunk take about this much; some ten arrays of this size are there at a time.
CHUNK_BYTES = 12 << 20
MOST_ROWS = 512


@dataclass(frozen=True, slots=True)
class FrozenHead:
    """`module` is a linear layer or a tied embedding, plain or quantised; see `Anatomy.head`."""

    module: Any
    softcap: float | None = None

    def log_probs(self, hidden: mx.array, ids: mx.array) -> mx.array:
        """(scored,) float32 ln p(id | hidden), differentiable in `hidden` (scored, hidden size)."""

        @mx.custom_function
        def scored(hidden: mx.array) -> tuple[mx.array, mx.array]:
            chunks: list[tuple[mx.array, mx.array]] = []
            for rows in self._chunks(len(ids)):
                part = hidden[rows]
                if chunks:  # or the logits of all chunks would be made first, and wait for their gradients together
                    (part,) = mx.depends([part], chunks[-1])
                chunks.append(self._scored(part, ids[rows]))
            return mx.concatenate([chunk[0] for chunk in chunks]), mx.concatenate([chunk[1] for chunk in chunks])

        @scored.vjp
        def backward(hidden: mx.array, cotangents: Any, outputs: Any) -> mx.array:
            return (cotangents[0][:, None] * outputs[1]).astype(hidden.dtype)

        return scored(hidden)[0]

    def scores(self, hidden: mx.array, ids: mx.array) -> tuple[mx.array, mx.array]:
        """(scored,) ln p as above, without gradient, and whether the id was the first choice (scored,) bool."""
        values, first = [], []
        for rows in self._chunks(len(ids)):
            logits = self._logits(hidden[rows])
            values.append(_chosen(logits, ids[rows]) - mx.logsumexp(logits, axis=-1))
            first.append(mx.argmax(logits, axis=-1) == ids[rows])
            mx.eval(values[-1], first[-1])
        return mx.concatenate(values), mx.concatenate(first)

    def _chunks(self, rows: int) -> list[slice]:
        size = max(16, min(MOST_ROWS, CHUNK_BYTES // (4 * self.vocabulary)))
        return [slice(start, start + size) for start in range(0, rows, size)]

    @property
    def vocabulary(self) -> int:
        return int(self.module.weight.shape[0])

    def _logits(self, hidden: mx.array) -> mx.array:
        """(rows, vocabulary) float32."""
        raw = self.module.as_linear(hidden) if _is_embedding(self.module) else self.module(hidden)
        logits: mx.array = raw.astype(mx.float32)
        return logits if self.softcap is None else self.softcap * mx.tanh(logits / self.softcap)

    def _scored(self, hidden: mx.array, ids: mx.array) -> tuple[mx.array, mx.array]:
        """Log-probabilities of one chunk, and their gradient with respect to the hidden states."""
        logits = self._logits(hidden)
        normaliser = mx.logsumexp(logits, axis=-1, keepdims=True)
        log_probs = _chosen(logits, ids) - normaliser[:, 0]
        slope = -mx.exp(logits - normaliser)
        slope = mx.put_along_axis(slope, ids[:, None], mx.take_along_axis(slope, ids[:, None], -1) + 1, axis=-1)
        if self.softcap is not None:
            slope = slope * (1 - mx.square(logits / self.softcap))
        return log_probs, self._back(slope.astype(hidden.dtype))

    def _back(self, slope: mx.array) -> mx.array:
        """(rows, hidden size): a gradient on the logits carried back through the weight."""
        module = self.module
        if "scales" not in module:
            return slope @ module.weight
        return mx.quantized_matmul(
            slope,
            module["weight"],
            module["scales"],
            module.get("biases"),
            transpose=False,
            group_size=module.group_size,
            bits=module.bits,
        )


def _is_embedding(module: Any) -> bool:
    return isinstance(module, Embedding) or hasattr(module, "as_linear")


def _chosen(logits: mx.array, ids: mx.array) -> mx.array:
    return mx.take_along_axis(logits, ids[:, None], axis=-1)[:, 0]
