"""A model that computes on padded rows: right for every family that mlx-lm can build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from lorastudio.worker.answers import AnswerBook
from lorastudio.worker.checkpointing import recompute_blocks
from lorastudio.worker.targets import Targets, scored_tokens

PAD_MULTIPLE = 8
# Every other length is compiled anew.
COMPILED_MULTIPLE = 64


@dataclass(frozen=True, slots=True)
class Padded:
    """Whole answers as rows of one array, padded on the right; sources of the targets count through its rows."""

    inputs: mx.array
    targets: Targets


@dataclass
class PaddedModel:
    """Log-probabilities of a book's answers under a model, adapters as they are now.

    `compiled`: the forward pass of training is compiled, once per number of rows and rounded length.
    `checkpointing` recomputes each block in the backward pass. All blocks are computed in every pass: no trunk is kept.
    """

    model: Any
    book: AnswerBook
    compiled: bool = False
    checkpointing: bool = False

    def __post_init__(self) -> None:
        if self.checkpointing:
            recompute_blocks(self.model)
        self._trained = _compiled(self.model) if self.compiled else self.model

    def make_pass(self, answers: Sequence[int], pairs: Sequence[tuple[int, int]] = ()) -> Padded:
        encoded = [self.book.encoded[answer] for answer in answers]
        longest = max(len(answer) for answer in encoded)
        width = _rounded(longest, COMPILED_MULTIPLE if self.compiled else PAD_MULTIPLE)
        ids = [np.asarray(answer.ids, np.int32) for answer in encoded]
        inputs = np.zeros((len(ids), width), np.int32)
        for row, tokens in enumerate(ids):
            inputs[row, : len(tokens)] = tokens
        places = [np.arange(row * width, row * width + len(tokens)) for row, tokens in enumerate(ids)]
        return Padded(mx.array(inputs), scored_tokens(places, ids, [len(answer.prompt) for answer in encoded], pairs))

    def log_probs(self, work: Padded) -> mx.array:
        return _chosen(self._logits(self._trained, work), work.targets)

    def scores(self, work: Padded) -> tuple[mx.array, mx.array]:
        logits = self._logits(self.model, work)
        return _chosen(logits, work.targets), mx.argmax(logits, axis=-1) == mx.array(work.targets.ids)

    @property
    def kept_blocks(self) -> int:
        return 0

    def keep_trunk(self, folder: Path) -> None: ...

    def fill_trunk(self, work: Padded) -> None: ...

    def drop_trunk(self) -> None: ...

    def _logits(self, model: Any, padded: Padded) -> mx.array:
        """(scored, vocabulary) float32."""
        logits: mx.array = model(padded.inputs)
        rows = logits.reshape(-1, logits.shape[-1])[mx.array(padded.targets.sources)]
        return rows.astype(mx.float32)


def _chosen(logits: mx.array, targets: Targets) -> mx.array:
    """(scored,) log-probabilities of the targets."""
    chosen = mx.take_along_axis(logits, mx.array(targets.ids)[:, None], axis=-1)[:, 0]
    log_probs: mx.array = chosen - mx.logsumexp(logits, axis=-1)
    return log_probs


def _rounded(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def _compiled(model: Any) -> Any:
    # Weights and keys of dropout change from step to step: they go in, or the first ones would be built in.
    return mx.compile(model.__call__, inputs=[model.state])
