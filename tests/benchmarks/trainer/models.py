"""Random models of Qwen3's shape with a tokenizer learnt on the spot: folders that plain `mlx_lm.load` reads."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models import qwen3
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tests.benchmarks.trainer.data import Language
from tests.benchmarks.trainer.shapes import SHAPES, Shape

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LEARNT_TEXTS, LEARNT_WORDS = 4_000, 200
CONTEXT_TOKENS = 32_768


def make_model(folder: Path, shape: Shape, seed: int = 1) -> None:
    folder.mkdir(parents=True)
    _write_weights(folder, shape, seed)
    (folder / "config.json").write_text(json.dumps(_config(shape)))
    _write_tokenizer(folder, shape.vocabulary, seed)


def _config(shape: Shape) -> dict[str, Any]:
    return {
        "model_type": "qwen3",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "intermediate_size": shape.inner,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_heads,
        "head_dim": shape.head_size,
        "vocab_size": shape.vocabulary,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "max_position_embeddings": CONTEXT_TOKENS,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "eos_token_id": SPECIAL.index("<|im_end|>"),
    }


def _write_weights(folder: Path, shape: Shape, seed: int) -> None:
    model = qwen3.Model(qwen3.ModelArgs.from_dict(_config(shape)))
    arrays = tree_flatten(model.parameters())
    keys = mx.random.split(mx.random.key(seed), len(arrays))
    weights = {name: _random(name, array, key) for (name, array), key in zip(arrays, keys, strict=True)}
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})


def _random(name: str, array: mx.array, key: mx.array) -> mx.array:
    """Norms stay at one; matrices are small enough for activations to stay near one through all layers."""
    if array.ndim == 1:
        return array.astype(mx.float32)
    scale = 0.02 if "embed" in name else 0.6 / math.sqrt(array.shape[1])
    return mx.random.normal(array.shape, scale=scale, key=key)


def _write_tokenizer(folder: Path, vocabulary: int, seed: int) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(seed), trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "chat_template": TEMPLATE,
        "model_max_length": CONTEXT_TOKENS,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _texts(seed: int) -> Iterator[str]:
    language, rng = Language(), random.Random(seed)
    return (language.text(rng, LEARNT_WORDS) for _ in range(LEARNT_TEXTS))


if __name__ == "__main__":
    for each in SHAPES:
        make_model(Path(sys.argv[1]) / each, SHAPES[each])
