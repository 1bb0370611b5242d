"""Versions in plain mlx-lm, as a user has it: its loader and its command line, next to our own generation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import mlx_lm
import numpy as np
import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.training.config import AdapterKind
from lorastudio.worker.adapters import choose_shape, load_version
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.generation import Generator, run_all
from lorastudio.worker.sampling import SampleRequest
from lorastudio.worker.slots import plan_slots
from tests.worker.tiny_versions import write_version

QUESTION = "b1 c2 d3 e4"
TOKENS = 24


@pytest.fixture
def base_of(base: BaseModel, quantized_base: Callable[[int], BaseModel]) -> Callable[[int | None], BaseModel]:
    return lambda bits: base if bits is None else quantized_base(bits)


def version_of(base: BaseModel, folder: Path, kind: AdapterKind) -> Path:
    return write_version(base, folder, choose_shape(base, rank=4, scale=2.0, dropout=0.0, layers=None, kind=kind))


def our_answer(base: BaseModel, folder: Path | None) -> list[int]:
    """The ids of our greedy answer."""
    codec = ChatCodec(base)
    generator = Generator(codec, load_version(base, folder), plan_slots(base))
    request = SampleRequest(codec.encode_prompt(user(QUESTION)), max_tokens=TOKENS)
    (answer,) = run_all(generator, [request], CancelToken())
    return list(answer.ids)


@pytest.mark.parametrize("kind", list(AdapterKind))
@pytest.mark.parametrize("bits", [None, 4, 8])
def test_mlx_lm_load_gives_the_same_numbers_and_the_same_answer(
    base_of: Callable[[int | None], BaseModel], tmp_path: Path, bits: int | None, kind: AdapterKind
) -> None:
    base = base_of(bits)
    folder = version_of(base, tmp_path / "v1", kind)
    theirs, tokenizer = mlx_lm.load(str(base.path), adapter_path=str(folder))
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": QUESTION}], add_generation_prompt=True)
    assert tuple(prompt) == ChatCodec(base).encode_prompt(user(QUESTION))
    ours = load_version(base, folder)
    np.testing.assert_allclose(np.array(ours(mx.array([prompt]))), np.array(theirs(mx.array([prompt]))), atol=2e-4)
    pieces = mlx_lm.stream_generate(theirs, tokenizer, prompt, max_tokens=TOKENS)
    ids = [piece.token for piece in pieces if piece.token not in tokenizer.eos_token_ids]
    assert ids == our_answer(base, folder) != our_answer(base, None)


@pytest.mark.parametrize("kind", list(AdapterKind))
@pytest.mark.parametrize("bits", [None, 4, 8])
def test_the_command_line_of_mlx_lm_says_the_same(
    base_of: Callable[[int | None], BaseModel], tmp_path: Path, bits: int | None, kind: AdapterKind
) -> None:
    base = base_of(bits)
    folder = version_of(base, tmp_path / "v1", kind)
    command = [
        sys.executable, "-m", "mlx_lm", "generate", "--model", base.path, "--adapter-path", folder,
        "--prompt", QUESTION, "--max-tokens", TOKENS, "--temp", 0, "--verbose", False,
    ]  # fmt: skip
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == base.tokenizer.decode(our_answer(base, folder))
