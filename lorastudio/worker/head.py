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
from mlx.nn.layers.quantized import QuantizedEmbedding

from lorastudio.training.pass_limits import chunk_rows


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
            gradient: mx.array = (cotangents[0][:, None] * outputs[1]).astype(hidden.dtype)
            return gradient

        both: Any = scored(hidden)
        log_probs: mx.array = both[0]
        return log_probs

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
        size = chunk_rows(self.vocabulary)
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
        # One pass of exponentials: ln Σ exp z = max z − ln max p.
        chances = mx.softmax(logits, axis=-1)
        normaliser = logits.max(axis=-1) - mx.log(chances.max(axis=-1))
        log_probs = _chosen(logits, ids) - normaliser
        if self.softcap is None:
            slope = self._row(ids) - self._back(chances.astype(hidden.dtype))
        else:
            bent = 1 - mx.square(logits / self.softcap)
            slope = self._row(ids) * _chosen(bent, ids)[:, None] - self._back((chances * bent).astype(hidden.dtype))
        return log_probs, slope.astype(hidden.dtype)

    def _back(self, slope: mx.array) -> mx.array:
        """(rows, hidden size): a gradient on the logits carried back through the weight."""
        module = self.module
        if "scales" not in module:
            gradient: mx.array = slope @ module.weight
            return gradient
        return mx.quantized_matmul(
            slope,
            module.weight,
            module.scales,
            module.get("biases"),
            transpose=False,
            group_size=module.group_size,
            bits=module.bits,
            mode=module.mode,
        )

    def _row(self, ids: mx.array) -> mx.array:
        """(rows, hidden size): the weight's rows of some tokens."""
        module = self.module
        if "scales" not in module:
            rows: mx.array = module.weight[ids]
            return rows
        biases = module.get("biases")
        return mx.dequantize(
            module.weight[ids],
            module.scales[ids],
            None if biases is None else biases[ids],
            group_size=module.group_size,
            bits=module.bits,
            mode=module.mode,
        )


def _is_embedding(module: Any) -> bool:
    return isinstance(module, Embedding | QuantizedEmbedding)


def _chosen(logits: mx.array, ids: mx.array) -> mx.array:
    return mx.take_along_axis(logits, ids[:, None], axis=-1)[:, 0]
