"""What of a model decides how much memory training it takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a model as loaded, one entry per block from the bottom to the top where it says so.

    `item_bytes` is the size of one number of its activations; `query_size` and `key_size` are heads times head size;
    `intermediate_size` is what one token has between the two halves of its MLP (of all experts that it uses).
    `linears` counts the linear layers of each block that an adapter may sit on, and `linear_sizes` sums the inputs
    and outputs of these: an adapter of rank r has r times as many numbers.
    """

    weight_bytes: int
    item_bytes: int
    hidden_size: int
    intermediate_size: int
    heads: int
    query_size: int
    key_size: int
    vocabulary: int
    quantized: bool
    linears: tuple[int, ...]
    linear_sizes: tuple[int, ...]

    @property
    def blocks(self) -> int:
        return len(self.linear_sizes)
