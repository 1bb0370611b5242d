"""The committed practice model, and the script that makes it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx_lm import batch_generate, load
from tokenizers import Tokenizer

from lorastudio.domain.messages import as_records
from lorastudio.paths import practice_model
from lorastudio.practice.critic import critique
from lorastudio.practice.facts import parse_question
from lorastudio.practice.pretraining import sample_document
from lorastudio.practice.prompts import PRACTICE_MAX_TOKENS, draft_prompt
from lorastudio.practice.questions import canaries, gate_questions
from lorastudio.worker.practice_model import CONTEXT_TOKENS, Recipe, build_tokenizer, encode, pretrain, save

MAX_BYTES = 8_000_000
FILES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer()


def test_the_same_recipe_gives_the_same_bytes(tokenizer: Tokenizer, tmp_path: Path) -> None:
    recipe = Recipe(steps=3, batch_rows=4, hidden=32)
    for name in ("one", "two"):
        save(tmp_path / name, tokenizer, *pretrain(tokenizer, recipe))
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    other, _config = pretrain(tokenizer, Recipe(steps=3, batch_rows=4, hidden=32, seed=1))
    first = mx.load(str(tmp_path / "one" / "model.safetensors"))
    assert not mx.array_equal(other.model.embed_tokens.weight, first["model.embed_tokens.weight"])


def test_the_script_makes_the_committed_tokenizer(tokenizer: Tokenizer) -> None:
    committed = Tokenizer.from_file(str(practice_model() / "tokenizer.json"))
    assert committed.to_str() == tokenizer.to_str()


def test_every_document_comes_back_and_fits(tokenizer: Tokenizer) -> None:
    rng = random.Random(9)
    unknown = tokenizer.token_to_id("<unk>")
    for _ in range(500):
        prompt, answer = sample_document(rng)
        row = encode(tokenizer, prompt, answer)
        assert unknown not in row.prompt + row.answer
        assert tokenizer.decode(row.answer) == answer
        assert row.length <= CONTEXT_TOKENS
        assert len(row.answer) <= PRACTICE_MAX_TOKENS


def test_the_model_is_small() -> None:
    assert sorted(path.name for path in practice_model().iterdir()) == FILES
    assert sum(path.stat().st_size for path in practice_model().iterdir()) < MAX_BYTES


def test_plain_mlx_lm_loads_it_and_the_prompt_is_a_strict_prefix() -> None:
    _model, tokenizer, *_ = load(str(practice_model()))
    assert tokenizer.eos_token == "<|end|>"
    assert tokenizer.eos_token_ids == {tokenizer.convert_tokens_to_ids("<|end|>")}
    turns = as_records(draft_prompt(gate_questions(1)[0].text))
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True)
    answered = [*turns, {"role": "assistant", "content": "The run was repeated 6 times."}]
    whole = tokenizer.apply_chat_template(answered)
    assert whole[: len(prompt)] == prompt
    assert whole[-1] in tokenizer.eos_token_ids
    assert tokenizer.decode(whole[len(prompt) : -1]) == "The run was repeated 6 times."


def test_it_half_knows_the_task_and_knows_the_canaries() -> None:
    """Greedily, which is quick: it writes texts that end, none is perfect, and nearly all canaries are right."""
    model, tokenizer, *_ = load(str(practice_model()))
    questions = [question.text for question in gate_questions(12)]
    drafts = answer_greedily(model, tokenizer, questions)
    scores = [check(question, draft) for question, draft in zip(questions, drafts, strict=True)]
    assert 0.25 <= sum(scores) / len(scores) <= 0.75
    assert max(scores) < 1
    asked = canaries(30)
    answers = answer_greedily(model, tokenizer, [canary.prompt for canary in asked])
    assert sum(answer == canary.answer for answer, canary in zip(answers, asked, strict=True)) >= 27


def check(question: str, answer: str) -> float:
    facts = parse_question(question)
    assert facts is not None
    return critique(facts, answer).score


def answer_greedily(model: Any, tokenizer: Any, prompts: list[str]) -> list[str]:
    conversations = [as_records(draft_prompt(prompt)) for prompt in prompts]
    encoded = [tokenizer.apply_chat_template(turns, add_generation_prompt=True) for turns in conversations]
    answers: list[str] = batch_generate(model, tokenizer, encoded, max_tokens=PRACTICE_MAX_TOKENS).texts
    return answers
