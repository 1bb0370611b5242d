"""The memory of attention for many answers at once, in shapes that never change.

Every decode step computes the same shapes whatever is being answered, and a row's numbers come from its own
slot alone; so an answer is the same bit for bit in any slot and beside any neighbours (on the CPU).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import KVCache, make_prompt_cache

from lorastudio.worker.base_model import BaseModel

# Attention over all of a slot is computed at every step, so requests go where they just fit: doubling
# capacities, from the first to the last of these. Longer requests are answered alone.
LEAST_CAPACITY_TOKENS = 128
MAX_CAPACITY_TOKENS = 2048
MEMORY_BYTES = 1 << 29
# Weight bytes up to which that many answers at once are worth it; a multiple of 8 keeps each row in the same
# place of the matrix kernels' blocks.
SLOTS_BY_WEIGHT_BYTES = ((16 << 20, 64), (128 << 20, 32), (1 << 30, 8))
LEAST_SLOTS = 8
AGREEMENT = 2e-2


@dataclass(frozen=True, slots=True)
class SlotShape:
    """How many answers are made at once, and how many tokens, prompt and answer, each may hold."""

    slots: int
    capacity: int


class SlotCache:
    """Keys and values of one layer for all slots, (slots, heads, capacity, width).

    Looks like an mlx-lm cache to the model. Before each step the owner sets `offset`, (slots,): how many
    tokens each slot holds.
    """

    def __init__(self, shape: SlotShape, keys: mx.array, values: mx.array) -> None:
        """Empty slots for keys and values like these, (1, heads, length, width)."""
        self._keys = mx.zeros((shape.slots, keys.shape[1], shape.capacity, keys.shape[3]), keys.dtype)
        self._values = mx.zeros((shape.slots, values.shape[1], shape.capacity, values.shape[3]), values.dtype)
        self._positions = mx.arange(shape.capacity)
        self.offset = mx.zeros((shape.slots,), mx.int32)

    def place(self, slot: int, keys: mx.array, values: mx.array) -> None:
        """Put a prompt's keys and values, (1, heads, length, width), at the start of a slot and clear the rest.

        What the last answer left behind has no weight, but if it was not finite it would spoil this one.
        """
        length = keys.shape[2]
        self._keys[slot, :, :length] = keys[0]
        self._keys[slot, :, length:] = 0
        self._values[slot, :, :length] = values[0]
        self._values[slot, :, length:] = 0

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Write one token's keys and values, (slots, heads, 1, width), at each slot's offset."""
        at = self.offset[:, None, None, None]
        self._keys = mx.put_along_axis(self._keys, mx.broadcast_to(at, keys.shape), keys, axis=2)
        self._values = mx.put_along_axis(self._values, mx.broadcast_to(at, values.shape), values, axis=2)
        return self._keys, self._values

    def make_mask(self, length: int, return_array: bool = False, window_size: int | None = None) -> mx.array:
        """What a step of one token may look at: everything in its slot up to itself."""
        return (self._positions <= self.offset[:, None])[:, None, None, :]

    @property
    def state(self) -> tuple[mx.array, mx.array]:
        return self._keys, self._values


def plan_slots(base: BaseModel) -> tuple[SlotShape, ...]:
    """The shapes of a base's slots by growing capacity; empty where answers have to be made one at a time.

    That is so for large models, and for those whose cache is no plain list of keys and values (sliding
    windows, state spaces). The plan depends on the base alone, since shapes decide the last bits.
    """
    most = next((slots for limit, slots in SLOTS_BY_WEIGHT_BYTES if base.weight_bytes <= limit), 0)
    if not most or any(type(cache) is not KVCache for cache in make_prompt_cache(base.model)):
        return ()
    probe = list(range(min(8, base.config.get("vocab_size", 8))))
    layers, expected = _prefill_probe(base.model, probe)
    token_bytes = sum(keys[:, :, :1].nbytes + values[:, :, :1].nbytes for keys, values in layers)
    shapes = [SlotShape(_slots_that_fit(most, size * token_bytes), size) for size in _capacities(base.context_length)]
    plan = tuple(shape for shape in shapes if shape.slots >= LEAST_SLOTS)
    return plan if plan and _agrees(base.model, plan[0], layers, probe, expected) else ()


def _capacities(context: int) -> list[int]:
    largest = min(context, MAX_CAPACITY_TOKENS)
    sizes = []
    size = LEAST_CAPACITY_TOKENS
    while size < largest:
        sizes.append(size)
        size *= 2
    return [*sizes, largest]


def _slots_that_fit(most: int, slot_bytes: int) -> int:
    slots = most
    while slots * slot_bytes > MEMORY_BYTES:
        slots //= 2
    return slots


def prompt_state(caches: Sequence[Any]) -> list[tuple[mx.array, mx.array]]:
    """Keys and values of each layer after a prefill, cut to the prompt's length."""
    return [(cache.keys[..., : cache.offset, :], cache.values[..., : cache.offset, :]) for cache in caches]


def _prefill_probe(model: Any, probe: list[int]) -> tuple[list[tuple[mx.array, mx.array]], mx.array]:
    """Keys and values after all of `probe` but its last token, and the logits after the last."""
    caches = make_prompt_cache(model)
    model(mx.array([probe[:-1]]), cache=caches)
    layers = prompt_state(caches)
    mx.eval(layers)
    logits = model(mx.array([probe[-1:]]), cache=caches)[0, -1].astype(mx.float32)
    mx.eval(logits)
    return layers, logits


def _agrees(
    model: Any, shape: SlotShape, layers: list[tuple[mx.array, mx.array]], probe: list[int], expected: mx.array
) -> bool:
    """Whether the model understands slots: the same logits as with its own cache, but for rounding."""
    caches = [SlotCache(shape, keys, values) for keys, values in layers]
    slot = shape.slots - 1
    for cache, (keys, values) in zip(caches, layers, strict=True):
        cache.place(slot, keys, values)
        cache.offset = mx.array([0] * slot + [len(probe) - 1])
    ids = mx.array([[0]] * slot + [probe[-1:]])
    try:
        logits = model(ids, cache=caches)[slot, -1].astype(mx.float32)
        difference = mx.abs(logits - expected).max() / mx.abs(expected).max()
        return bool((difference < AGREEMENT).item())
    except (TypeError, ValueError, AttributeError, RuntimeError):
        return False  # the architecture does arithmetic on a cache that ours can't follow
