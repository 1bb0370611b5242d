"""What packing must know of a model's family: which of its own layers do what, and how they are put together.

The layers themselves are the model's; only their order, and the attention between segments, is done again in
`packed_forward`. A family that isn't named here, or whose packed answer differs from its own, runs the padded path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mlx.core as mx


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A decoder as packing sees it.

    `sandwich`: normalised after attention and feed-forward too. `windows` holds per block how far back it attends
    (None: to the beginning), in tokens with its own. Soft caps c bend x to c·tanh(x/c). `head` turns hidden states
    into logits: a linear layer, or the tied embedding. `swiglu`: feed-forwards in three layers are gated by silu.
    """

    embed: Any
    embedding_scale: float
    blocks: tuple[Any, ...]
    norm: Any
    head: Any
    sandwich: bool = False
    swiglu: bool = False
    windows: tuple[int | None, ...] = ()
    attention_softcap: float | None = None
    logit_softcap: float | None = None


@dataclass(frozen=True, slots=True)
class Unpackable:
    """Why a model runs the padded path."""

    reason: str


def anatomy_of(model: Any) -> Anatomy | Unpackable:
    """How to pack for a model as mlx-lm builds it, or why that can't be done."""
    inner = getattr(model, "language_model", model)  # models that also see keep their text model there
    family = type(inner).__module__.rsplit(".", 1)[-1]
    known = FAMILIES.get(family)
    if known is None:
        return Unpackable(f"the family {family} is not packed")
    if family == "gemma3_text" and inner.model.norm.weight.dtype == mx.float16:
        return Unpackable("Gemma 3 in float16 clips its sums")
    return known(inner)


def _plain(model: Any) -> Anatomy:
    stack = model.model
    blocks = tuple(stack.layers)
    window = getattr(stack, "sliding_window", None)
    windows = tuple(window if getattr(block, "use_sliding", False) else None for block in blocks)
    tied = getattr(model.args, "tie_word_embeddings", False)
    head = stack.embed_tokens if tied else model.lm_head
    return Anatomy(stack.embed_tokens, 1.0, blocks, stack.norm, head, swiglu=True, windows=windows)


def _gemma(model: Any) -> Anatomy:
    stack, scale = model.model, model.args.hidden_size**0.5
    blocks = tuple(stack.layers)
    return Anatomy(stack.embed_tokens, scale, blocks, stack.norm, stack.embed_tokens, windows=(None,) * len(blocks))


def _gemma2(model: Any) -> Anatomy:
    stack, scale = model.model, model.args.hidden_size**0.5
    blocks = tuple(stack.layers)
    return Anatomy(
        stack.embed_tokens,
        scale,
        blocks,
        stack.norm,
        stack.embed_tokens,
        sandwich=True,
        windows=(None,) * len(blocks),
        attention_softcap=blocks[0].self_attn.attn_logit_softcapping,
        logit_softcap=model.final_logit_softcapping,
    )


def _gemma3(model: Any) -> Anatomy:
    stack = model.model
    blocks = tuple(stack.layers)
    windows = tuple(stack.window_size if block.self_attn.is_sliding else None for block in blocks)
    # The family rounds this factor to bfloat16.
    scale = float(mx.array(model.args.hidden_size**0.5, mx.bfloat16).astype(mx.float32))
    head = stack.embed_tokens if model.tie_word_embeddings else model.lm_head
    return Anatomy(stack.embed_tokens, scale, blocks, stack.norm, head, sandwich=True, windows=windows)


FAMILIES: dict[str, Callable[[Any], Anatomy]] = {
    "llama": _plain,  # Mistral and many others are built as it
    "qwen2": _plain,
    "qwen3": _plain,
    "qwen3_moe": _plain,
    "mixtral": _plain,
    "phi3": _plain,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3_text": _gemma3,
}
