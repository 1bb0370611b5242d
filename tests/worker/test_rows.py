from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lorastudio.domain.errors import TrainingError
from lorastudio.domain.messages import user
from lorastudio.training.config import Objective
from lorastudio.worker.base_model import load_base
from lorastudio.worker.conversations import ChatCodec, NotTrainable
from lorastudio.worker.rows import read_rows
from tests.worker.tiny_model import SPECIAL, TEMPLATE, write_tiny_model

END = SPECIAL.index("<|end|>")


def row(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "prompt": [{"role": "user", "content": "b1 b2"}], "good": "a1 a2", "bad": "h1"} | changes


def reasons(tmp_path: Path, codec: ChatCodec, objective: Objective, *rows: dict[str, Any]) -> list[str]:
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    used, left_out = read_rows(file, codec, objective, max_length=20)
    assert len(used) + len(left_out) == len(rows)
    return [each.reason for each in left_out]


def test_prompt_and_answer_split_after_the_assistant_mark(codec: ChatCodec) -> None:
    encoded = codec.encode_answer(user("b1 b2"), "a1 a2")
    assert encoded.prompt == codec.encode_prompt(user("b1 b2"))
    assert encoded.prompt[-1] == SPECIAL.index("<|assistant|>")
    assert encoded.answer[-1] == END and END not in encoded.answer[:-1]
    assert codec.decode(encoded.answer) == "a1 a2"


def test_what_a_template_writes_after_the_end_token_is_not_trained(tmp_path: Path) -> None:
    trailing = TEMPLATE.replace("'<|end|>' }}", "'<|end|> b9' }}")
    codec = ChatCodec(load_base(write_tiny_model(tmp_path / "model", template=trailing)))
    assert codec.encode_answer(user("b1"), "a1").answer[-1] == END


def test_a_template_whose_prompt_is_no_prefix_is_refused(tmp_path: Path) -> None:
    moody = "{% if add_generation_prompt %}b1 {% endif %}" + TEMPLATE
    codec = ChatCodec(load_base(write_tiny_model(tmp_path / "model", template=moody)))
    with pytest.raises(NotTrainable, match="right after the prompt"):
        codec.encode_answer(user("b1"), "a1")


def test_a_template_without_an_end_token_is_refused(tmp_path: Path) -> None:
    endless = "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}{% endfor %}"
    endless += "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
    codec = ChatCodec(load_base(write_tiny_model(tmp_path / "model", template=endless)))
    with pytest.raises(NotTrainable, match="end token"):
        codec.encode_answer(user("b1"), "a1")


def test_usable_rows_are_used(tmp_path: Path, codec: ChatCodec) -> None:
    for objective in Objective:
        assert reasons(tmp_path, codec, objective, row()) == []


def test_long_rows_are_left_out_not_cut(tmp_path: Path, codec: ChatCodec) -> None:
    found = reasons(tmp_path, codec, Objective.DPO_NLL, row(), row(id=2, bad="h1 " * 30))
    assert found == ["longer than 20 tokens, prompt and answer together"]


def test_sft_does_not_mind_a_long_bad_answer(tmp_path: Path, codec: ChatCodec) -> None:
    assert reasons(tmp_path, codec, Objective.SFT, row(bad="h1 " * 30)) == []


@pytest.mark.parametrize("objective", [each for each in Objective if each is not Objective.KTO])
def test_rows_without_a_good_answer_are_left_out(tmp_path: Path, codec: ChatCodec, objective: Objective) -> None:
    assert reasons(tmp_path, codec, objective, row(good=None)) == ["there is no good answer"]
    assert reasons(tmp_path, codec, objective, row(good="  ")) == ["the answer is empty"]


def test_kto_takes_each_answer_by_itself(tmp_path: Path, codec: ChatCodec) -> None:
    file = tmp_path / "train.jsonl"
    rows = [row(), row(id=2, bad=None), row(id=3, good=None), row(id=4, good=None, bad=None)]
    file.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    used, left_out = read_rows(file, codec, Objective.KTO, 20)
    assert [(each.row_id, each.good is None, each.bad is None) for each in used] == [
        (1, False, False),
        (2, False, True),
        (3, True, False),
    ]
    assert [each.reason for each in left_out] == ["there is no answer"]
    assert len(used[2]) == len(codec.encode_answer(user("b1 b2"), "h1"))


def test_good_only_rows_need_an_objective_that_can_use_them(tmp_path: Path, codec: ChatCodec) -> None:
    for objective in Objective:
        found = reasons(tmp_path, codec, objective, row(bad=None))
        assert ("no bad answer" in found[0]) if objective.needs_pairs else not found


def test_a_damaged_file_is_named_with_its_line(tmp_path: Path, codec: ChatCodec) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps(row()) + "\n{broken\n", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"Line 2 of .*train\.jsonl"):
        read_rows(file, codec, Objective.SFT, 20)
