"""Every format that pairs are written in: read again they are the same pairs, and what can't be held is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorastudio.datasets.formats.writing import WRITINGS, CantHoldError, Writing, writing
from lorastudio.datasets.reading import ExampleFile, ReadExample
from lorastudio.domain.errors import UsageError
from lorastudio.domain.messages import Conversation, Message, user
from lorastudio.domain.pair import Origin, Pair

_SIGNS = st.characters(codec="ascii", exclude_characters="\0") | st.sampled_from("ãéÃ©â\u2028\r\n😀日")
_ORDINARY = st.text(st.sampled_from("abc de\n.,é😀"), min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
_PAIR = Pair(user("Why?"), "Because.", "No idea.", "g", Origin.DRAFTED, "en", 0.5, 0.9, 2, extra={"note": "x"}, id=7)


@st.composite
def conversations(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> Conversation:
    system = draw(st.lists(texts, max_size=1))
    rounds = draw(st.lists(st.tuples(texts, texts), max_size=2))
    turns = [turn for asked, told in rounds for turn in (Message("user", asked), Message("assistant", told))]
    return (*(Message("system", text) for text in system), *turns, Message("user", draw(texts)))


@st.composite
def pairs(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> Pair:
    good, bad = draw(texts), draw(texts)
    one = draw(st.sampled_from(["both", "both", "good", "bad"]))
    prompt = draw(conversations(texts))
    return replace(_PAIR, prompt=prompt, good=None if one == "bad" else good, bad=None if one == "good" else bad)


def held(how: Writing, pair: Pair) -> bool:
    """Whether a format has a place for the pair's answers."""
    if how.keeps_bad:
        return not how.needs_both or None not in (pair.good, pair.bad)
    return pair.good is not None


@pytest.mark.parametrize("how", WRITINGS, ids=lambda how: how.name)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=pairs(st.text(_SIGNS, min_size=1, max_size=8)))
def test_what_is_written_is_read_again(tmp_path: Path, how: Writing, pair: Pair) -> None:
    try:
        line = how.line(pair)
    except CantHoldError as reason:
        assert str(reason)
        return
    path = tmp_path / "file"
    path.write_bytes(line)
    with ExampleFile(path) as file:
        (found,) = file.items()
    assert isinstance(found, ReadExample), found
    assert (found.format, found.example.prompt, found.example.good) == (how.read_as.name, pair.prompt, pair.good)
    assert found.example.bad == (pair.bad if how.keeps_bad else None)


@pytest.mark.parametrize("how", WRITINGS, ids=lambda how: how.name)
@settings(max_examples=40, deadline=None)
@given(pair=pairs(_ORDINARY))
def test_ordinary_pairs_are_left_out_only_where_an_answer_has_no_place(how: Writing, pair: Pair) -> None:
    same = pair.good == pair.bad
    if held(how, pair) and not (same and how.keeps_bad):
        assert json.loads(how.line(pair))
    else:
        with pytest.raises(CantHoldError):
            how.line(pair)


@pytest.mark.parametrize("good", ["None", "Ã©", "x\0y", "half \ud83d"])
def test_what_an_import_would_change_or_refuse_is_left_out_by_name(good: str) -> None:
    for how in WRITINGS:
        with pytest.raises(CantHoldError):
            how.line(replace(_PAIR, good=good))


def test_a_conversation_that_a_format_has_no_place_for_is_left_out() -> None:
    odd = replace(_PAIR, prompt=(Message("user", "a"), Message("user", "b")))
    with pytest.raises(CantHoldError, match="not be the same"):
        writing("alpaca-ranking").line(odd)
    assert writing("trl").line(odd)


def test_the_seed_format_keeps_what_else_a_pair_has() -> None:
    row = json.loads(writing("Seed").line(_PAIR))
    assert (row["confidence"], row["margin"], row["iteration"], row["note"]) == (0.9, 0.5, 2, "x")
    assert writing("seed").not_kept == ()
    with pytest.raises(UsageError):
        writing("nope")
