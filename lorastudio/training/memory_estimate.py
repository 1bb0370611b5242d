"""How much memory a training run takes at its peak, in bytes by part, from sizes alone.

The counts follow what MLX's autograd keeps of a Llama-like block with adapters, per token: inputs and outputs of both
norms, the queries, keys and values around their own norms and positions, the four arrays of a SwiGLU, and the softmax
of the scores. Shares and what the backward pass needs beside them were fitted to peaks of the real step (random
models, MLX 0.32 on the CPU, hidden sizes 256 to 512, segments of 128 to 2,048 tokens); `correction` takes up the rest.
MLX runs some ten operations ahead of memory's release, which is why what is temporary counts several times.
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass

from lorastudio.training.config import TrainConfig
from lorastudio.training.model_shape import ModelShape
from lorastudio.training.pass_limits import (
    TOKENS_PER_LEAN_PASS,
    TOKENS_PER_PASS,
    TOKENS_PER_SCORING_PASS,
    chunk_rows,
)

FLOAT_BYTES = 4

# Arrays of a chunk's size that are there at once, and at most per scored row.
_CHUNKS_AT_ONCE, _LOGITS_PER_ROW = 10, 3
# AdamW's two moments; gradients: the sum over passes and a pass's own.
_MOMENTS, _GRADIENTS = 2, 2


@dataclass(frozen=True, slots=True)
class PassSize:
    """What one pass computes on.

    `tokens` is what a token budget counts (shared ones once), `cells` what is computed (with padding, where there is
    any), `scored` the rows that the head sees, `attended` the (query, key) pairs that attention makes scores for.
    """

    tokens: int
    cells: int
    scored: int
    attended: int

    def scaled(self, share: float) -> PassSize:
        return PassSize(*(round(share * value) for value in astuple(self)))

    def plus(self, other: PassSize) -> PassSize:
        return PassSize(*(mine + more for mine, more in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class StepSizes:
    """The largest row of a run, and its heaviest step: as many of the largest rows as a step holds.

    `padded` when the model computes on padded rows. `total_tokens` are those of all rows, shared ones once.
    """

    longest: PassSize
    heaviest: PassSize
    total_tokens: int
    padded: bool = False


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes at the peak: the base's weights, the adapter, optimiser and gradients, activations, logits, caches."""

    weights: int
    adapter: int
    optimizer: int
    activations: int
    logits: int
    caches: int

    @property
    def total(self) -> int:
        return sum(self.parts().values())

    def parts(self) -> dict[str, int]:
        return asdict(self)


def estimate(shape: ModelShape, config: TrainConfig, sizes: StepSizes) -> MemoryEstimate:
    """The peak of a run: of its steps, or of scoring without gradient where that takes more."""
    work = pass_size(config, sizes)
    adapted = adapted_blocks(shape, config)
    trained = FLOAT_BYTES * config.rank * sum(shape.linear_sizes[shape.blocks - adapted :])
    kept, passing = _kept(shape, config, work, sizes.padded), _passing(shape, config, work)
    logits = _logits(shape, work, sizes.padded)
    scoring = _scoring(shape, config, sizes)
    return MemoryEstimate(
        weights=shape.weight_bytes,
        adapter=trained,
        optimizer=(_MOMENTS + _GRADIENTS) * trained,
        activations=max(kept + max(0, passing - logits), scoring - logits),
        logits=logits,
        caches=0 if adapted == shape.blocks else work.cells * shape.hidden_size * shape.item_bytes,
    )


def pass_size(config: TrainConfig, sizes: StepSizes) -> PassSize:
    """The largest pass of a run: a whole step, or what its budget lets into one; never less than the longest row."""
    if config.lean:
        return sizes.longest
    budget = config.tokens_per_pass or TOKENS_PER_PASS
    if sizes.heaviest.tokens <= budget:
        return sizes.heaviest
    if sizes.longest.tokens >= budget:
        return sizes.longest
    return sizes.heaviest.scaled(budget / sizes.heaviest.tokens)


def adapted_blocks(shape: ModelShape, config: TrainConfig) -> int:
    """How many of the last blocks get an adapter."""
    return shape.blocks if config.layers is None else min(config.layers, shape.blocks)


def _kept(shape: ModelShape, config: TrainConfig, work: PassSize, padded: bool) -> int:
    """Activations that wait for the backward pass, of all adapted blocks."""
    adapted = adapted_blocks(shape, config)
    if config.checkpointing:
        return adapted * work.cells * shape.hidden_size * shape.item_bytes
    full = work.cells * (_asking_bytes(shape, config) + _asked_bytes(shape)) + _score_bytes(shape, work)
    # The last block of a packed model computes the rows alone that something depends on, from keys of all.
    rows = work.cells if padded else min(work.scored, work.cells)
    share = rows / max(work.cells, 1)
    last = rows * _asking_bytes(shape, config) + work.cells * _asked_bytes(shape) + share * _score_bytes(shape, work)
    return round((adapted - 1) * full + last)


def _asking_bytes(shape: ModelShape, config: TrainConfig) -> float:
    """Kept per row and block for what it asks, feeds and passes on."""
    size = shape.item_bytes * (4.8 * shape.hidden_size + 4.1 * shape.intermediate_size + 2.3 * shape.query_size)
    if shape.item_bytes < FLOAT_BYTES:  # adapters compute in float32: each casts its input
        size += FLOAT_BYTES * (4.4 * shape.hidden_size + 0.5 * shape.intermediate_size)
    return size + FLOAT_BYTES * config.rank * max(shape.linears)


def _asked_bytes(shape: ModelShape) -> float:
    """Kept per row and block for what others ask of it: its keys and values."""
    return shape.item_bytes * 3.6 * shape.key_size


def _score_bytes(shape: ModelShape, work: PassSize) -> float:
    return float(shape.item_bytes * shape.heads * work.attended)


def _passing(shape: ModelShape, config: TrainConfig, work: PassSize) -> int:
    """What the backward pass of one block needs beside what is kept; with checkpointing the block again."""
    scores = _score_bytes(shape, work)
    if config.checkpointing:
        per_cell = 13.6 * shape.hidden_size + 15.6 * shape.intermediate_size + 4.1 * shape.query_size
        return round(work.cells * shape.item_bytes * per_cell + 1.05 * scores)
    per_cell = 6.8 * shape.hidden_size + 3.1 * shape.intermediate_size
    return round(work.cells * shape.item_bytes * per_cell + 1.1 * scores)


def _logits(shape: ModelShape, work: PassSize, padded: bool) -> int:
    """The head: chunk by chunk on packs; on padded rows all logits, their gradient, and float32 of the scored ones."""
    row = FLOAT_BYTES * shape.vocabulary
    if padded:
        return 2 * work.cells * shape.vocabulary * shape.item_bytes + _LOGITS_PER_ROW * work.scored * row
    return min(_LOGITS_PER_ROW * work.scored, _CHUNKS_AT_ONCE * chunk_rows(shape.vocabulary)) * row


def _scoring(shape: ModelShape, config: TrainConfig, sizes: StepSizes) -> int:
    """A pass without gradient, as the reference and evaluations make them, head included."""
    usual = TOKENS_PER_LEAN_PASS if config.lean else TOKENS_PER_SCORING_PASS
    budget = min(usual, config.tokens_per_pass or usual, sizes.total_tokens)
    work = sizes.longest.scaled(max(1.0, budget / max(sizes.longest.tokens, 1)))
    per_cell = shape.item_bytes * (7 * shape.hidden_size + 2 * shape.intermediate_size)
    head = _logits(shape, work, sizes.padded) / 2
    return round(max(work.cells * per_cell + 2.5 * _score_bytes(shape, work), head))
