"""Tiny random models of many families, as mlx-lm builds them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

COMMON = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-5,
    "vocab_size": 96,
    "max_position_embeddings": 256,
    "rope_theta": 1000.0,
    "tie_word_embeddings": False,
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LONG_ROPE = {"type": "longrope", "short_factor": [1.0] * 4, "long_factor": [1.5, 2.0, 2.5, 3.0]}
MOE = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "norm_topk_prob": True,
}
GEMMA = {"head_dim": 12}

# name: (mlx-lm's module, settings that differ from COMMON)
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama tied, scaled rope": ("llama", {"tie_word_embeddings": True, "rope_scaling": LLAMA3_ROPE}),
    "llama, head_dim unlike hidden / heads": ("llama", {"head_dim": 12}),
    "mistral": ("llama", {"model_type": "mistral", "head_dim": 8}),
    "sliding window": (
        "llama",
        {"sliding_window": 12, "layer_types": ["full_attention", "sliding_attention", "sliding_attention"]},
    ),
    "qwen2": ("qwen2", {"tie_word_embeddings": True}),
    "qwen3": ("qwen3", {"head_dim": 12}),
    "qwen3 tied": ("qwen3", {"head_dim": 8, "tie_word_embeddings": True}),
    "gemma": ("gemma", GEMMA),
    "gemma2": (
        "gemma2",
        GEMMA | {"attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0, "query_pre_attn_scalar": 12.0},
    ),
    "gemma3": (
        "gemma3_text",
        GEMMA | {"query_pre_attn_scalar": 12.0, "sliding_window": 10, "sliding_window_pattern": 2},
    ),
    "phi3": ("phi3", {}),
    "phi3, long rope": ("phi3", {"rope_scaling": LONG_ROPE, "original_max_position_embeddings": 64}),
    "qwen3 experts": ("qwen3_moe", MOE | {"head_dim": 8}),
    "mixtral": ("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "mamba": (
        "mamba",
        {"state_size": 4, "conv_kernel": 4, "use_bias": False, "use_conv_bias": True, "time_step_rank": 4},
    ),
}
STATE_SPACE = ("mamba",)


def family_config(name: str) -> dict[str, Any]:
    module, changes = FAMILIES[name]
    return COMMON | {"model_type": module} | changes


def random_model(name: str, seed: int = 0) -> Any:
    """A frozen model of a family with random weights, its norms too."""
    module = import_module(f"mlx_lm.models.{FAMILIES[name][0]}")
    model = module.Model(module.ModelArgs.from_dict(family_config(name)))
    weights = []
    keys = mx.random.split(mx.random.key(seed), 400)
    for number, (path, array) in enumerate(tree_flatten(model.parameters())):
        noise = mx.random.normal(array.shape, key=keys[number])
        scale = 0.1 if array.ndim == 1 else 0.5 if "embed" in path else 1.2 / array.shape[-1] ** 0.5
        offset = 1.0 if array.ndim == 1 and "gemma" not in FAMILIES[name][0] else 0.0
        weights.append((path, (offset + scale * noise).astype(mx.float32)))
    if FAMILIES[name][0] == "mamba":
        weights = [(path, array) for path, array in weights if "A_log" not in path]
    model.load_weights(weights, strict=False)
    if FAMILIES[name][0] == "gemma3_text":
        model.tie_word_embeddings = True
        model.pop("lm_head")
    model.eval()
    model.freeze()
    mx.eval(model.parameters())
    return model
