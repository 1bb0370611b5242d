"""The forward pass over a pack: a model's own layers, with attention and positions kept to each segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.nn.utils import checkpoint

from lorastudio.worker.anatomy import Anatomy
from lorastudio.worker.packing import Pack, Segment
from lorastudio.worker.swiglu import feed_forward, has_swiglu

# Queries of a long segment attend in pieces of this many rows: a piece needs no keys after its own end, which
# saves up to half of the scores, in time and in memory.
QUERY_ROWS = 64


@dataclass(frozen=True, slots=True)
class PackedForward:
    """Runs some of a model's blocks over packs. `checkpointing` recomputes each block in the backward pass."""

    anatomy: Anatomy
    checkpointing: bool = False

    def embed(self, ids: mx.array) -> mx.array:
        """(1, rows, hidden) from (rows,) token ids."""
        hidden: mx.array = self.anatomy.embed(ids[None])
        return hidden if self.anatomy.embedding_scale == 1.0 else hidden * self.anatomy.embedding_scale

    def run(self, hidden: mx.array, pack: Pack, first: int, stop: int) -> mx.array:
        """(1, rows, hidden) through blocks `first` to `stop`; after the model's last one only the needed rows."""
        for number in range(first, stop):
            last = number == len(self.anatomy.blocks) - 1
            hidden = self._block(number, hidden, pack, last)
        return hidden

    def outputs(self, hidden: mx.array, pack: Pack) -> mx.array:
        """(scored, hidden): the normalised rows that predict the scored tokens, from what `run` gave at the end."""
        rows: mx.array = self.anatomy.norm(hidden)[0]
        return rows[mx.array(pack.targets.sources)]

    def _block(self, number: int, hidden: mx.array, pack: Pack, last: bool) -> mx.array:
        block = self.anatomy.blocks[number]
        compute = partial(self._compute, number, pack, last)
        if self.checkpointing:
            compute = checkpoint(block, compute)
        computed: mx.array = compute(hidden)
        return computed

    def _compute(self, number: int, pack: Pack, last: bool, hidden: mx.array) -> mx.array:
        block = self.anatomy.blocks[number]
        attention = PackedAttention(
            block.self_attn, pack, self.anatomy.windows[number], self.anatomy.attention_softcap, last
        )
        attended = attention(block.input_layernorm(hidden))
        if last:
            hidden = _needed(hidden, pack)
        if self.anatomy.sandwich:
            hidden = hidden + block.post_attention_layernorm(attended)
            fed: mx.array = block.post_feedforward_layernorm(block.mlp(block.pre_feedforward_layernorm(hidden)))
        else:
            hidden = hidden + attended
            feed = block.mlp if "mlp" in block else block.block_sparse_moe
            ready = block.post_attention_layernorm(hidden)
            fed = feed_forward(feed, ready) if self.anatomy.swiglu and has_swiglu(feed) else feed(ready)
        return hidden + fed


@dataclass(frozen=True, slots=True)
class PackedAttention:
    """One block's attention over a pack; with `last` only the needed rows ask."""

    module: Any
    pack: Pack
    window: int | None
    softcap: float | None
    last: bool

    def __call__(self, x: mx.array) -> mx.array:
        """(1, rows or needed rows, hidden) from (1, rows, hidden)."""
        queries, keys, values = self._project(x)
        segments = self.pack.segments
        ends = [segment.stop for segment in segments[:-1]]
        needed = [segment.stop - segment.needed for segment in segments]
        asking = np.cumsum(needed)[:-1].tolist() if self.last else ends
        queries_of = _split(queries, asking)
        keys_of = [
            self.module.rope(part, offset=segment.position)
            for part, segment in zip(_split(keys, ends), segments, strict=True)
        ]
        values_of = _split(values, ends)
        attended = [
            self._attend(
                segment, queries_of[number], _joined(keys_of, segment, number), _joined(values_of, segment, number)
            )
            for number, segment in enumerate(segments)
            if not self.last or needed[number]
        ]
        output = mx.concatenate(attended, axis=2) if len(attended) > 1 else attended[0]
        merged = output.transpose(0, 2, 1, 3).reshape(1, output.shape[2], -1)
        projected: mx.array = self.module.o_proj(merged)
        return projected

    def _project(self, x: mx.array) -> tuple[mx.array, mx.array, mx.array]:
        """Queries, keys and values, (1, heads, rows, head size) each, before their positions."""
        module = self.module
        asking = _needed(x, self.pack) if self.last else x
        if "qkv_proj" in module:
            size = module.n_heads * module.head_dim
            kept = module.n_kv_heads * module.head_dim
            queries, keys, values = mx.split(module.qkv_proj(x), [size, size + kept], axis=-1)
            queries = _needed(queries, self.pack) if self.last else queries
        else:
            queries, keys, values = module.q_proj(asking), module.k_proj(x), module.v_proj(x)
        return (
            self._heads(queries, _heads_of(module, "n_heads", "num_heads"), "q_norm"),
            self._heads(keys, _heads_of(module, "n_kv_heads", "num_key_value_heads"), "k_norm"),
            self._heads(values, _heads_of(module, "n_kv_heads", "num_key_value_heads"), ""),
        )

    def _heads(self, x: mx.array, heads: int, norm: str) -> mx.array:
        x = x.reshape(1, x.shape[1], heads, -1)
        if norm and norm in self.module:
            x = self.module[norm](x)
        return x.transpose(0, 2, 1, 3)

    def _attend(self, segment: Segment, queries: mx.array, keys: mx.array, values: mx.array) -> mx.array:
        """Causal attention of a segment's last rows over its context and itself, in pieces of `QUERY_ROWS`."""
        rows, before = queries.shape[2], keys.shape[2] - queries.shape[2]
        position = segment.position + segment.stop - segment.start - rows
        queries = self.module.rope(queries, offset=position)
        if rows <= QUERY_ROWS:
            return self._scores(queries, keys, values)
        pieces = []
        for start in range(0, rows, QUERY_ROWS):
            stop = min(start + QUERY_ROWS, rows)
            end = before + stop
            pieces.append(self._scores(queries[:, :, start:stop], keys[:, :, :end], values[:, :, :end]))
        return mx.concatenate(pieces, axis=2)

    def _scores(self, queries: mx.array, keys: mx.array, values: mx.array) -> mx.array:
        if self.softcap is not None:
            return self._capped(queries, keys, values, self.softcap)
        mask: Any = "causal"
        if self.window is not None and keys.shape[2] > self.window:
            mask = _causal(queries.shape[2], keys.shape[2], self.window)
        return mx.fast.scaled_dot_product_attention(queries, keys, values, scale=self.module.scale, mask=mask)

    def _capped(self, queries: mx.array, keys: mx.array, values: mx.array, cap: float) -> mx.array:
        """Attention whose scores are bent to c·tanh(x/c): Gemma 2 (2024), https://arxiv.org/abs/2408.00118, 2."""
        heads, rows, size = queries.shape[1:]
        grouped = (queries * self.module.scale).reshape(1, keys.shape[1], -1, rows, size)
        scores = cap * mx.tanh(grouped @ keys[:, :, None].swapaxes(-1, -2) / cap)
        lowest = mx.array(mx.finfo(scores.dtype).min, scores.dtype)
        scores = mx.where(_causal(rows, keys.shape[2], self.window), scores, lowest)
        mixed = mx.softmax(scores, precise=True, axis=-1) @ values[:, :, None]
        return mixed.reshape(1, heads, rows, size)


def _heads_of(module: Any, *names: str) -> int:
    return int(next(getattr(module, name) for name in names if hasattr(module, name)))


def _causal(rows: int, keys: int, window: int | None) -> mx.array:
    """(rows, keys) booleans for the last `rows` of `keys`: what each may attend to."""
    asking = mx.arange(keys - rows, keys)[:, None]
    asked = mx.arange(keys)[None]
    mask = asking >= asked
    return mask if window is None else mask & (asking < asked + window)


def _split(x: mx.array, at: Sequence[int]) -> list[mx.array]:
    # Many slices would each have a gradient as large as the whole; the parts of one split are joined once.
    return list(mx.split(x, list(at), axis=2)) if at else [x]


def _joined(parts: Sequence[mx.array], segment: Segment, number: int) -> mx.array:
    if not segment.context:
        return parts[number]
    return mx.concatenate([parts[other] for other in (*segment.context, number)], axis=2)


def _needed(x: mx.array, pack: Pack) -> mx.array:
    """(1, needed rows, …): the end of every segment from its first needed row."""
    bounds = [0, *(bound for segment in pack.segments for bound in (segment.needed, segment.stop))]
    parts = mx.split(x, bounds[1:-1], axis=1)
    kept = [part for number, part in enumerate(parts) if number % 2 and part.shape[1]]
    return kept[0] if len(kept) == 1 else mx.concatenate(kept, axis=1)


def pack_ids(pack: Pack, tokens: Sequence[Any]) -> mx.array:
    """(rows,) token ids of a pack; `tokens` are the forest's, by node."""
    return mx.array(np.concatenate([tokens[node] for node in pack.nodes]))


def spans(pack: Pack, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Where each of a pack's nodes begins and ends among its rows."""
    return list(pairwise(np.cumsum([0, *(sizes[node] for node in pack.nodes)]).tolist()))
