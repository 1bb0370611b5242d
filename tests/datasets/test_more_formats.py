"""The formats of other people's tools: Alpaca, ShareGPT, UltraFeedback, HH-RLHF, Argilla, Label Studio, plain text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lorastudio.datasets.choice import Choice, parse_choice
from lorastudio.datasets.example import Example
from lorastudio.datasets.reading import ExampleFile, ReadExample
from lorastudio.datasets.rows import Refusal
from lorastudio.domain.errors import UsageError
from lorastudio.domain.messages import Message, user

HUMAN = {"from": "human", "value": "Why?"}
GPT = {"from": "gpt", "value": "Because."}
WORSE = {"from": "gpt", "value": "No idea."}
ASK = {"role": "user", "content": "Why?"}
GOOD = {"role": "assistant", "content": "Because."}
BAD = {"role": "assistant", "content": "No idea."}
TASK = {"prompt": "Why?", "answer1": "No idea.", "answer2": "Because."}


def read(path: Path, row: object, choice: Choice | None = None) -> ReadExample | Refusal:
    path.write_text(json.dumps(row), encoding="utf-8")
    with ExampleFile(path, choice) as file:
        (found,) = file.items()
    return found


def example(path: Path, row: object, choice: Choice | None = None) -> tuple[str, Example]:
    found = read(path, row, choice)
    assert isinstance(found, ReadExample), found
    return found.format, found.example


def reason(path: Path, row: object, choice: Choice | None = None) -> str:
    found = read(path, row, choice)
    assert isinstance(found, Refusal), found
    return found.reason


def annotated(kind: str, value: dict[str, Any], **data: Any) -> dict[str, Any]:
    result = [{"type": kind, "from_name": "x", "to_name": "y", "value": value}]
    return {"id": 4, "data": data or TASK, "annotations": [{"result": result, "was_cancelled": False}]}


@pytest.mark.parametrize(
    ("row", "name", "good", "bad"),
    [
        ({"instruction": "Why?", "input": "", "output": "Because."}, "alpaca", True, False),
        ({"instruction": "Why?", "output": "No idea.", "kto_tag": False}, "alpaca", False, True),
        ({"instruction": "Why?", "chosen": "Because.", "rejected": "No idea."}, "alpaca ranking", True, True),
        ({"instruction": "Why?", "input": "", "output": ["Because.", "No idea."]}, "alpaca ranking", True, True),
        ({"conversations": [HUMAN, GPT]}, "sharegpt", True, False),
        ({"conversations": [HUMAN, WORSE], "kto_tag": False}, "sharegpt", False, True),
        ({"conversations": [HUMAN], "chosen": GPT, "rejected": WORSE}, "sharegpt ranking", True, True),
        (
            {"prompt": "Why?", "chosen": [ASK, GOOD], "rejected": [ASK, BAD], "score_chosen": 8, "score_rejected": 5},
            "ultrafeedback",
            True,
            True,
        ),
        (
            {"chosen": "\n\nHuman: Why?\n\nAssistant: Because.", "rejected": "\n\nHuman: Why?\n\nAssistant: No idea."},
            "hh-rlhf",
            True,
            True,
        ),
        (
            {"prompt": "\n\nHuman: Why?\n\nAssistant:", "chosen": " Because.", "rejected": "No idea."},
            "trl explicit",
            True,
            True,
        ),
        (
            {
                "fields": {"prompt": "Why?", "response-1": "No idea.", "response-2": "Because."},
                "responses": {"better": [{"value": "response-2", "user_id": "u"}]},
                "suggestions": {"better": {"value": "response-1"}},
            },
            "argilla",
            True,
            True,
        ),
        (
            {
                "prompt": "Why?",
                "response_1": "No idea.",
                "response_2": "Because.",
                "rank.responses": None,
                "rank.suggestion": [{"value": "response_2", "rank": 1}, {"value": "response_1", "rank": 2}],
            },
            "argilla",
            True,
            True,
        ),
        (
            {
                "prompt": "Why?",
                "response": "No idea.",
                "correct": [{"user_id": "u", "value": "Because.", "status": "submitted"}],
                "correct-suggestion": None,
            },
            "argilla",
            True,
            True,
        ),
        (annotated("pairwise", {"selected": "right"}), "label studio", True, True),
        (annotated("choices", {"choices": ["answer2"]}), "label studio", True, True),
        (annotated("textarea", {"text": ["Because."]}, prompt="Why?"), "label studio", True, False),
        (
            annotated(
                "ranker",
                {"ranker": {"rank": ["b", "a"]}},
                prompt="Why?",
                items=[{"id": "a", "body": "No idea."}, {"id": "b", "body": "Because."}],
            ),
            "label studio",
            True,
            True,
        ),
        ({**TASK, "id": 1, "annotation_id": 2, "lead_time": 3.0, "better": "right"}, "label studio", True, True),
        ({"text": "### Instruction:\nWhy?\n\n### Response:\nBecause."}, "text", True, False),
        (
            {"text": "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\nBecause.<|im_end|>\n"},
            "text",
            True,
            False,
        ),
        ({"Pergunta": "Why?", "Resposta boa": "Because.", "Resposta má": "No idea."}, "named columns", True, True),
    ],
)
def test_formats(tmp_path: Path, row: dict[str, Any], name: str, good: bool, bad: bool) -> None:
    found, read_example = example(tmp_path / "file", row)
    assert found == name
    assert read_example.prompt == user("Why?")
    assert read_example.good == ("Because." if good else None)
    assert read_example.bad == ("No idea." if bad else None)


def test_history_and_system_become_turns(tmp_path: Path) -> None:
    row = {
        "instruction": "So?",
        "input": "here",
        "output": "o",
        "system": "Be brief.",
        "history": [["Why?", "Because."]],
    }
    _, found = example(tmp_path / "file", row)
    assert found.prompt == (
        Message("system", "Be brief."),
        Message("user", "Why?"),
        Message("assistant", "Because."),
        Message("user", "So?\nhere"),
    )


def test_a_margin_comes_from_the_scores(tmp_path: Path) -> None:
    row = {"prompt": "Why?", "chosen": [ASK, GOOD], "rejected": [ASK, BAD], "score_chosen": 8.5, "score_rejected": 4}
    assert example(tmp_path / "file", row)[1].margin == 0.5
    assert example(tmp_path / "file", row | {"score_rejected": 9})[1].margin is None


def test_earlier_answers_of_a_conversation_are_counted(tmp_path: Path) -> None:
    _, found = example(tmp_path / "file", {"conversations": [HUMAN, WORSE, {"from": "human", "value": "So?"}, GPT]})
    assert (found.good, len(found.prompt), found.earlier_answers) == ("Because.", 3, 1)


def test_annotators_who_disagree_and_those_who_agree(tmp_path: Path) -> None:
    def said(*values: str) -> dict[str, Any]:
        given = [{"value": value, "user_id": str(place)} for place, value in enumerate(values)]
        return {"fields": {"prompt": "Why?", "a": "x", "b": "y"}, "responses": {"better": given}}

    assert "disagree" in reason(tmp_path / "file", said("a", "b"))
    assert example(tmp_path / "file", said("a", "b", "b"))[1].good == "y"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"instruction": "Why?", "output": ["one"]}, "better and a worse"),
        ({"instruction": "Why?", "output": "o", "history": "x"}, "'history'"),
        ({"instruction": "Why?", "output": "o", "history": [["x"]]}, "turn 1 of 'history'"),
        ({"conversations": [HUMAN]}, "no answer"),
        ({"conversations": [{"from": "observation", "value": "x"}, GPT]}, "'observation'"),
        ({"conversations": [{"from": "human"}, GPT]}, "no text in turn 1"),
        ({"conversations": ["x"]}, "turn 1"),
        ({"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: x\n\nAssistant: y"}, "differ before"),
        ({"chosen": "\n\nHuman: a", "rejected": "\n\nHuman: a"}, "does not end with an answer"),
        ({"text": "Just a text."}, "--prompt"),
        ({"fields": {"prompt": "p", "a": "x"}, "responses": {}}, "no annotation"),
        ({"fields": {"a": "x"}, "responses": {"q": [{"value": "a"}]}}, "no prompt"),
        ({"data": TASK, "annotations": []}, "no annotation"),
        (annotated("rating", {"rating": 3}), "no annotation"),
        ({"prompt": "p", "chosen": [ASK, GOOD], "rejected": [ASK, ASK, BAD]}, "answer"),
    ],
)
def test_refusals_say_why(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    assert words in reason(tmp_path / "file", row)


def test_a_mapping_is_applied_and_shown(tmp_path: Path) -> None:
    row = {"ask": "Why?", "yes": "Because.", "no": "No idea.", "note": 1}
    choice = parse_choice(None, ["prompt=ask", "chosen=yes", "rejected=no"], None)
    path = tmp_path / "file"
    found = read(path, row, choice)
    assert isinstance(found, ReadExample)
    assert (found.format, found.example.good, found.example.extra) == ("trl explicit", "Because.", {"note": 1})
    with ExampleFile(path, choice) as file:
        assert file.mapping == {"prompt": "ask", "good": "yes", "bad": "no"}
    ours = parse_choice(None, ["prompt=ask", "good=yes", "bad=no"], None)
    assert example(path, row, ours)[0] == "seed"


def test_a_format_can_be_set(tmp_path: Path) -> None:
    row = {"prompt": "Why?", "completion": "No idea.", "label": False}
    assert example(tmp_path / "file", row)[1].bad == "No idea."
    assert example(tmp_path / "file", row, parse_choice("SEED", (), None))[1].good == "No idea."
    assert "not in the format openai chat" in reason(tmp_path / "file", row, parse_choice("openai-chat", (), None))
    with ExampleFile(tmp_path / "file", parse_choice("seed", (), None)) as file:
        assert file.sure == 1.0


def test_plain_texts_answer_the_prompt_that_was_given(tmp_path: Path) -> None:
    _, found = example(tmp_path / "file", {"text": "A methods section."}, parse_choice(None, (), "Write a section."))
    assert (found.prompt, found.good) == (user("Write a section."), "A methods section.")


@pytest.mark.parametrize(
    ("format", "columns", "prompt"),
    [("nope", (), None), (None, ("chosen",), None), (None, ("=x",), None), (None, (), " ")],
)
def test_what_makes_no_sense_is_refused(format: str | None, columns: tuple[str, ...], prompt: str | None) -> None:
    with pytest.raises(UsageError):
        parse_choice(format, columns, prompt)


def test_a_guess_is_less_sure(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for row, sure in (({"question": "q", "answer": "a"}, 0.7), ({"prompt": "q", "chosen": "a", "rejected": "b"}, 1.0)):
        read(path, row)
        with ExampleFile(path) as file:
            assert file.sure == sure
