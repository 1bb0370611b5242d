"""A model that looks like one from outside, and is quick to send."""

from __future__ import annotations

import random

from tests.fake_hub import FakeModel

NAME = "someone/tiny"
WEIGHTS = "model.safetensors"
WEIGHTS_BYTES = 300_000


def small_model() -> FakeModel:
    return FakeModel(
        {
            "config.json": b'{"model_type": "llama"}',
            "tokenizer_config.json": b"{}",
            "tokenizer.json": b'{"version": "1.0"}',
            "merges.txt": b"a b\n",
            "chat_template.jinja": b"{{ messages }}",
            WEIGHTS: random.Random(0).randbytes(WEIGHTS_BYTES),
        }
    )
