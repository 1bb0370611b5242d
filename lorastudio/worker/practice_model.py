"""Pretrains the practice model: a tiny Llama with a word-level tokenizer, loadable by plain `mlx_lm.load`.

On Linux, where the wheel carries a reference BLAS, run it with Debian's OpenBLAS on one thread:

    LD_PRELOAD=/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0 OPENBLAS_NUM_THREADS=1 \
        python -m lorastudio.worker.practice_model --out resources/practice/model

About four minutes on one core. The same machine, library versions and seed give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.nn.utils import value_and_grad
from mlx.utils import tree_flatten
from mlx_lm.models import llama
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from lorastudio.domain.files import write_atomic
from lorastudio.practice.pretraining import sample_document

PAD, UNKNOWN, END = "<pad>", "<unk>", "<|end|>"
SPECIAL_TOKENS = (PAD, UNKNOWN, "<|system|>", "<|user|>", "<|assistant|>", END)
CHAT_TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
CONTEXT_TOKENS = 256
VOCABULARY_DOCUMENTS = 40_000
VOCABULARY_SEED = 1
# Rows are padded to a multiple of this, so that few array shapes occur.
PADDING_TOKENS = 8
BATCHES_PER_POOL = 8
REPORT_EVERY_STEPS = 100

# Draws a prompt and its answer.
Documents = Callable[[random.Random], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the model is made."""

    steps: int = 1200
    seed: int = 0
    hidden: int = 128
    layers: int = 3
    feed_forward: int = 256
    heads: int = 2
    batch_rows: int = 32
    warm_up_steps: int = 60
    learning_rate: float = 3e-3
    last_learning_rate: float = 3e-5
    weight_decay: float = 0.01
    clip_norm: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One document as token ids: the prompt up to and with `<|assistant|>`, the answer with its end token."""

    prompt: list[int]
    answer: list[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.answer)


def build_tokenizer(documents: Documents = sample_document) -> Tokenizer:
    """A word-level tokenizer of every word the documents can say; punctuation stands alone."""
    splitter = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(prepend_scheme="always"),
            pre_tokenizers.Split(Regex("[.,:!]"), "isolated"),
        ]
    )
    rng = random.Random(VOCABULARY_SEED)
    texts = (text for _ in range(VOCABULARY_DOCUMENTS) for text in documents(rng))
    words = {word for text in texts for word, _span in splitter.pre_tokenize_str(text)}
    vocabulary = {word: index for index, word in enumerate((*SPECIAL_TOKENS, *sorted(words)))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    return tokenizer


def encode(tokenizer: Tokenizer, prompt: str, answer: str) -> Row:
    """The token ids of one document, as the chat template would lay it out."""
    return Row(
        tokenizer.encode(f"<|user|>{prompt}{END}<|assistant|>", add_special_tokens=False).ids,
        tokenizer.encode(f"{answer}{END}", add_special_tokens=False).ids,
    )


def model_config(recipe: Recipe, vocabulary_size: int) -> dict[str, Any]:
    """The model's config.json."""
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": recipe.hidden,
        "num_hidden_layers": recipe.layers,
        "intermediate_size": recipe.feed_forward,
        "num_attention_heads": recipe.heads,
        "num_key_value_heads": recipe.heads,
        "head_dim": recipe.hidden // recipe.heads,
        "rms_norm_eps": 1e-5,
        "vocab_size": vocabulary_size,
        "max_position_embeddings": CONTEXT_TOKENS,
        "rope_theta": 1000.0,
        "tie_word_embeddings": False,
        "eos_token_id": SPECIAL_TOKENS.index(END),
        "pad_token_id": SPECIAL_TOKENS.index(PAD),
        "torch_dtype": "float32",
    }


def draw_batches(tokenizer: Tokenizer, recipe: Recipe, documents: Documents) -> Iterator[list[Row]]:
    """Endless batches of fresh documents; rows of like length lie together, to save padding."""
    rng = random.Random(recipe.seed)
    rows_per_pool = BATCHES_PER_POOL * recipe.batch_rows
    while True:
        rows = [encode(tokenizer, *documents(rng)) for _ in range(rows_per_pool)]
        rows.sort(key=lambda row: row.length)
        pool = [rows[start : start + recipe.batch_rows] for start in range(0, rows_per_pool, recipe.batch_rows)]
        rng.shuffle(pool)
        yield from pool


def to_arrays(rows: list[Row]) -> tuple[mx.array, mx.array]:
    """Token ids and the mask of answer tokens, both of shape (rows, padded length)."""
    longest = max(row.length for row in rows)
    width = -(-longest // PADDING_TOKENS) * PADDING_TOKENS
    tokens = [[*row.prompt, *row.answer, *[0] * (width - row.length)] for row in rows]
    mask = [[*[0.0] * len(row.prompt), *[1.0] * len(row.answer), *[0.0] * (width - row.length)] for row in rows]
    return mx.array(tokens, mx.int32), mx.array(mask, mx.float32)


def answer_loss(model: llama.Model, tokens: mx.array, mask: mx.array) -> mx.array:
    """Mean negative log-likelihood of the answer tokens, in nats a token."""
    losses = nn.losses.cross_entropy(model(tokens[:, :-1]), tokens[:, 1:])
    return (losses * mask[:, 1:]).sum() / mask[:, 1:].sum()


def pretrain(
    tokenizer: Tokenizer, recipe: Recipe, documents: Documents = sample_document
) -> tuple[llama.Model, dict[str, Any]]:
    """The trained model and its config; progress goes to stderr. On the CPU, where sums repeat to the bit."""
    with mx.stream(mx.cpu):
        config = model_config(recipe, tokenizer.get_vocab_size())
        mx.random.seed(recipe.seed)
        model = llama.Model(llama.ModelArgs.from_dict(config))  # type: ignore[no-untyped-call]
        _train(model, draw_batches(tokenizer, recipe, documents), recipe)
    return model, config


def save(folder: Path, tokenizer: Tokenizer, model: llama.Model, config: dict[str, Any]) -> None:
    """Write the model folder: weights, config, tokenizer with its chat template."""
    folder.mkdir(parents=True, exist_ok=True)
    mx.save_safetensors(
        str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())), metadata={"format": "mlx"}
    )
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "unk_token": UNKNOWN,
        "chat_template": CHAT_TEMPLATE,
        "model_max_length": CONTEXT_TOKENS,
        "clean_up_tokenization_spaces": False,
    }
    write_atomic(folder / "config.json", _json_bytes(config))
    write_atomic(folder / "tokenizer_config.json", _json_bytes(tokenizer_config))
    write_atomic(folder / "tokenizer.json", f"{tokenizer.to_str(pretty=True)}\n".encode())


def make_model(folder: Path, recipe: Recipe, documents: Documents = sample_document) -> None:
    """Make the whole model folder, without compiled kernels: on the CPU they would need a C++ compiler."""
    mx.disable_compile()
    tokenizer = build_tokenizer(documents)
    save(folder, tokenizer, *pretrain(tokenizer, recipe, documents))


def _train(model: llama.Model, batches: Iterator[list[Row]], recipe: Recipe) -> None:
    optimizer = _optimizer(recipe)
    loss_and_gradients = value_and_grad(model, answer_loss)
    started = time.monotonic()
    for step in range(1, recipe.steps + 1):
        loss, gradients = loss_and_gradients(model, *to_arrays(next(batches)))
        gradients, _norm = optim.clip_grad_norm(gradients, recipe.clip_norm)  # type: ignore[no-untyped-call]
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state, loss)
        if step % REPORT_EVERY_STEPS == 0 or step == recipe.steps:
            elapsed_s = time.monotonic() - started
            sys.stderr.write(f"step {step} of {recipe.steps}: loss {loss.item():.4f}, {elapsed_s:.0f} s\n")


def _optimizer(recipe: Recipe) -> optim.AdamW:
    warm_up_steps = min(recipe.warm_up_steps, recipe.steps // 2)
    warm_up = optim.linear_schedule(1e-5, recipe.learning_rate, warm_up_steps)
    decay = optim.cosine_decay(recipe.learning_rate, recipe.steps - warm_up_steps, recipe.last_learning_rate)
    schedule = optim.join_schedules([warm_up, decay], [warm_up_steps])
    return optim.AdamW(schedule, weight_decay=recipe.weight_decay, betas=[0.9, 0.98])


def _json_bytes(value: dict[str, Any]) -> bytes:
    return f"{json.dumps(value, indent=1)}\n".encode()


def main() -> None:
    usual = Recipe()
    parser = argparse.ArgumentParser(description="Pretrain the practice model.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--steps", type=int, default=usual.steps, help="optimizer steps")
    parser.add_argument("--seed", type=int, default=usual.seed, help="seed of weights and documents")
    arguments = parser.parse_args()
    make_model(arguments.out, replace(usual, steps=arguments.steps, seed=arguments.seed))


if __name__ == "__main__":
    main()
