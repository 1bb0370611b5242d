"""A tiny random Llama with a word-level tokenizer and a chat template: real MLX in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models import llama
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

SPECIAL = ("<pad>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
WORDS = tuple(f"{letter}{number}" for letter in "abcdefgh" for number in range(10))
TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def tiny_config(**changes: Any) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "intermediate_size": 48,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "rms_norm_eps": 1e-5,
        "vocab_size": len(SPECIAL) + len(WORDS),
        "max_position_embeddings": 96,
        "rope_theta": 1000.0,
        "tie_word_embeddings": False,
        "eos_token_id": SPECIAL.index("<|end|>"),
    } | changes


def write_tiny_model(folder: Path, *, seed: int = 0, template: str = TEMPLATE, **changes: Any) -> Path:
    """A model folder that plain `mlx_lm.load` reads."""
    folder.mkdir(parents=True)
    config = tiny_config(**changes)
    model = llama.Model(llama.ModelArgs.from_dict(config))
    key = mx.random.key(seed)
    weights = {}
    for number, (name, array) in enumerate(tree_flatten(model.parameters())):
        noise = mx.random.normal(array.shape, key=mx.random.split(key, 100)[number])
        weights[name] = array if "norm" in name else noise * (1.0 if "embed" in name else 0.25)
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(config))
    _write_tokenizer(folder, template)
    return folder


def _write_tokenizer(folder: Path, template: str) -> None:
    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|end|>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "chat_template": template,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
