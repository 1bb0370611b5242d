"""The sizes of the benchmark's models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """A model of Qwen3's kind: grouped keys, a gated MLP, one matrix for input and output embeddings."""

    hidden: int
    layers: int
    inner: int
    heads: int
    key_heads: int
    head_size: int
    vocabulary: int

    @property
    def query_columns(self) -> int:
        return self.heads * self.head_size

    @property
    def key_columns(self) -> int:
        return self.key_heads * self.head_size


# The head's share of `small` is that of a model of 0.5 billion weights; `wide` has the layers of Qwen3-0.6B.
SHAPES = {
    "small": Shape(512, 8, 1536, 8, 2, 64, 20_480),
    "wide": Shape(1024, 4, 3072, 16, 8, 128, 20_480),
    "tiny": Shape(64, 2, 192, 2, 1, 32, 2_048),
}
