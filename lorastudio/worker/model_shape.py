"""The sizes of a loaded model, as the memory plan wants them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

from lorastudio.training.model_shape import ModelShape
from lorastudio.worker.adapter_layers import dimensions, is_linear

# Names by which families call the same size; the first one that is there counts.
_INTERMEDIATE = ("intermediate_size", "ffn_hidden_size", "n_inner")
_EXPERTS_USED = ("num_experts_per_tok", "num_experts_per_token", "moe_topk")


def model_shape(model: Any, config: Mapping[str, Any]) -> ModelShape:
    """What a loaded model and its config.json say; sizes a family does not name are taken as usual for its width."""
    text = config.get("text_config", config)
    hidden = int(text.get("hidden_size") or text.get("n_embd") or text.get("dim") or 0)
    heads = int(text.get("num_attention_heads") or text.get("n_head") or 1)
    size = int(text.get("head_dim") or hidden // heads)
    blocks = [[module for _, module in block.named_modules() if is_linear(module)] for block in model.layers]
    arrays: list[mx.array] = list(dict(tree_flatten(model.parameters())).values())
    return ModelShape(
        weight_bytes=sum(array.nbytes for array in arrays),
        item_bytes=max((array.dtype.size for array in arrays if mx.issubdtype(array.dtype, mx.floating)), default=4),
        hidden_size=hidden,
        intermediate_size=_intermediate(text, hidden),
        heads=heads,
        query_size=heads * size,
        key_size=int(text.get("num_key_value_heads") or heads) * size,
        vocabulary=int(text.get("vocab_size") or 0),
        quantized="quantization" in config,
        linears=tuple(len(block) for block in blocks),
        linear_sizes=tuple(sum(sum(dimensions(module)) for module in block) for block in blocks),
    )


def _intermediate(text: Mapping[str, Any], hidden: int) -> int:
    """What a token has between the halves of its MLP, or of all the experts that it uses."""
    experts = _first(text, _EXPERTS_USED)
    if experts and text.get("moe_intermediate_size"):
        return experts * int(text["moe_intermediate_size"])
    return max(1, experts or 0) * (_first(text, _INTERMEDIATE) or 4 * hidden)


def _first(text: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((int(text[name]) for name in names if text.get(name)), None)
