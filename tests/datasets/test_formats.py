"""Every format by its columns, and what is refused in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorastudio.datasets.example import Example
from lorastudio.datasets.formats.seed import as_seed_line
from lorastudio.datasets.imported import as_new_pair
from lorastudio.datasets.reading import ExampleFile, ReadExample
from lorastudio.datasets.rows import Refusal
from lorastudio.domain.messages import Message, user
from lorastudio.domain.pair import Origin, Pair

ASK = [{"role": "user", "content": "Why?"}]
GOOD = {"role": "assistant", "content": "Because."}
BAD = {"role": "assistant", "content": "No idea."}
SYSTEM = {"role": "system", "content": "Be brief."}


def read(path: Path, *rows: object) -> list[ReadExample | Refusal]:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    with ExampleFile(path) as file:
        return list(file.items())


def example(path: Path, row: object) -> tuple[str, Example]:
    (found,) = read(path, row)
    assert isinstance(found, ReadExample), found
    return found.format, found.example


def reason(path: Path, row: object) -> str:
    (found,) = read(path, row)
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize(
    ("row", "name", "good", "bad"),
    [
        ({"prompt": "Why?", "completion": "Because.", "bad_example": "No idea."}, "seed", True, True),
        ({"prompt": "Why?", "completion": "Because."}, "seed", True, False),
        ({"prompt": "Why?", "completion": "Because.", "bad_example": "nan"}, "seed", True, False),
        ({"prompt": "Why?", "completion": None, "bad_example": "No idea."}, "seed", False, True),
        ({"prompt": ASK, "completion": [GOOD]}, "seed", True, False),
        ({"prompt": "Why?", "chosen": "Because.", "rejected": "No idea."}, "trl explicit", True, True),
        ({"prompt": ASK, "chosen": [GOOD], "rejected": [BAD]}, "trl explicit", True, True),
        ({"prompt": "Why?", "chosen": [*ASK, GOOD], "rejected": [*ASK, BAD]}, "trl explicit", True, True),
        ({"chosen": [*ASK, GOOD], "rejected": [*ASK, BAD]}, "trl implicit", True, True),
        ({"prompt": "Why?", "completion": "Because.", "label": True}, "kto", True, False),
        ({"prompt": ASK, "completion": [BAD], "label": False}, "kto", False, True),
        ({"messages": [*ASK, GOOD]}, "openai chat", True, False),
        ({"messages": [*ASK, GOOD, *ASK]}, "openai chat", True, False),
        (
            {"messages": [*ASK, GOOD, {"role": "user", "content": "So?"}, {**BAD, "weight": 0}]},
            "openai chat",
            True,
            False,
        ),
        (
            {"input": {"messages": ASK}, "preferred_output": [GOOD], "non_preferred_output": [BAD]},
            "openai preference",
            True,
            True,
        ),
    ],
)
def test_formats(tmp_path: Path, row: dict[str, Any], name: str, good: bool, bad: bool) -> None:
    found, read_example = example(tmp_path / "file.txt", row)
    assert found == name
    assert read_example.prompt == user("Why?")
    assert read_example.good == ("Because." if good else None)
    assert read_example.bad == ("No idea." if bad else None)


def test_what_two_conversations_share_is_the_prompt(tmp_path: Path) -> None:
    more = [SYSTEM, *ASK, BAD, {"role": "user", "content": "Really?"}]
    _, found = example(tmp_path / "file", {"chosen": [*more, GOOD], "rejected": [*more, BAD]})
    assert [message.role for message in found.prompt] == ["system", "user", "assistant", "user"]


def test_parts_of_a_turn_are_joined_and_developer_is_system(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "Wh"}, {"type": "text", "text": "y?"}]
    row = {"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}, GOOD]}
    _, found = example(tmp_path / "file", row)
    assert found.prompt == (Message("system", "Be brief."), Message("user", "Why?"))


def test_columns_of_the_seed_format(tmp_path: Path) -> None:
    row = {"prompt": "p", "completion": "c", "iteration": "3", "confidence": 0.5, "margin": 7, "group": "g", "x": [1]}
    _, found = example(tmp_path / "file", row)
    assert (found.iteration, found.confidence, found.margin, found.group) == (3, 0.5, None, "g")
    assert found.extra == {"x": [1]}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"a": 1}, "no known format"),
        ({}, "empty"),
        ({"prompt": " ", "completion": "c"}, "no prompt"),
        ({"prompt": "None", "completion": "c"}, "no prompt"),
        ({"prompt": "p", "completion": "", "bad_example": None}, "neither"),
        ({"prompt": "p", "completion": "c", "bad_example": "c"}, "same text"),
        ({"prompt": 3, "completion": "c"}, "neither a text nor a list"),
        ({"prompt": "p", "completion": 3}, "neither a text nor a list"),
        ({"prompt": "p", "completion": "c", "group": 3}, "group"),
        ({"prompt": [*ASK, GOOD], "completion": "c"}, "does not end with a user turn"),
        ({"prompt": [{"role": "tool", "content": "x"}], "completion": "c"}, "'tool'"),
        ({"prompt": [{"role": "user", "content": [{"type": "image_url"}]}], "completion": "c"}, "no text in turn 1"),
        ({"prompt": ["x"], "completion": "c"}, "turn 1"),
        ({"chosen": "a", "rejected": "b"}, "no prompt, and 'chosen' is no transcript"),
        ({"chosen": [*ASK, GOOD], "rejected": [*ASK, GOOD]}, "same conversation"),
        ({"chosen": [*ASK, GOOD, *ASK, BAD], "rejected": [*ASK, BAD]}, "exactly one answer"),
        ({"messages": ASK}, "no answer"),
        ({"messages": [*ASK, {**GOOD, "weight": 0}]}, "weight 0"),
        ({"messages": "text"}, "neither a text nor a list"),
        ({"input": "x", "preferred_output": [GOOD], "non_preferred_output": [BAD]}, "'input'"),
    ],
)
def test_refusals_say_why(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    assert words in reason(tmp_path / "file", row)


def test_the_name_of_a_file_says_nothing_and_most_rows_decide(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    read(path, {"messages": [*ASK, GOOD]}, *[{"prompt": "p", "completion": str(n)} for n in range(3)])
    with ExampleFile(path) as file:
        assert (file.format, file.sure) == ("seed", 0.75)


def test_a_file_of_another_kind_is_one_refusal(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"PK\x03\x04....")
    with ExampleFile(path) as file:
        assert file.format == "unknown"
        assert [item.line for item in file.items()] == [0]


_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=5),
    st.just(ASK),
    st.just([*ASK, GOOD]),
    st.just([GOOD]),
    st.just({}),
)
_COLUMN = st.sampled_from(
    [
        "prompt",
        "completion",
        "bad_example",
        "chosen",
        "rejected",
        "messages",
        "input",
        "preferred_output",
        "non_preferred_output",
        "label",
        "group",
    ]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.dictionaries(_COLUMN, _VALUE, max_size=4))
def test_no_row_makes_a_format_raise(tmp_path: Path, row: dict[str, Any]) -> None:
    (found,) = read(tmp_path / "file", row)
    assert found.line == 1


_MISSING = ("", "None", "nan", "NaN", "NULL", "null", "<NA>")
_SIGNS = st.characters(codec="ascii", exclude_characters="\0") | st.sampled_from("ãé\u2028😀日")
_TEXT = st.text(_SIGNS, min_size=1).filter(lambda text: text.strip() not in _MISSING)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=_TEXT, good=_TEXT, confidence=st.none() | st.floats(0, 1), system=st.booleans())
def test_what_is_exported_is_read_again(
    tmp_path: Path, prompt: str, good: str, confidence: float | None, system: bool
) -> None:
    turns = (Message("system", "s"), *user(prompt)) if system else user(prompt)
    pair = Pair(turns, good, good + "!", "group", Origin.DRAFTED, "en", 0.5, confidence, 2, extra={"note": "x"}, id=7)
    path = tmp_path / "file"
    path.write_bytes(as_seed_line(pair))
    with ExampleFile(path) as file:
        (found,) = list(file.items())
    assert isinstance(found, ReadExample), found
    again = as_new_pair(found.example)
    assert (again.prompt, again.good, again.bad, again.group) == (pair.prompt, pair.good, pair.bad, "group")
    assert (again.language, again.margin, again.confidence, again.iteration) == ("en", 0.5, confidence, 2)
    assert again.extra["note"] == "x"
