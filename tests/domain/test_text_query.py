"""What is typed to search, and the places that say it."""

from __future__ import annotations

import pytest

from lorastudio.domain.text_query import Term, find_spans, parse_query, snippet


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("anneal copper", (Term(("anneal",), True), Term(("copper",), True))),
        ('"at 650 K" run', (Term(("at", "650", "K"), False), Term(("run",), True))),
        ("well-made", (Term(("well", "made"), True),)),
        ("Co", (Term(("Co",), False),)),
        ('"open', (Term(("open",), True),)),
        ('NEAR(a b) AND* {x}:"q" OR ^', None),
        (' % "" -- ', ()),
    ],
)
def test_words_and_phrases_are_read(typed: str, terms: tuple[Term, ...] | None) -> None:
    found = parse_query(typed)
    assert terms is None or found == terms
    assert all(word.isalnum() for term in found for word in term.words)


@pytest.mark.parametrize(
    ("typed", "text", "said"),
    [
        ("recoz", "A amostra foi RECOZIDA, não recozido.", ["RECOZIDA", "recozido"]),
        ("solucao", "Uma solução aquosa", ["solução"]),
        ("solução", "uma solucao", ["solucao"]),
        ('"at 650 k"', "Aged at 650 K; at 6500 K.", ["at 650 K"]),
        ("well-mad", "a well made thing", ["well made"]),
        ("cafe\u0301", "um café", ["café"]),
        ("copper", "no such word", []),
        ('aaa "aaa aaa"', "aaa aaa", ["aaa aaa"]),
    ],
)
def test_places_are_found_without_case_and_accents(typed: str, text: str, said: list[str]) -> None:
    assert [text[start:end] for start, end in find_spans(parse_query(typed), text)] == said


def test_a_snippet_shows_the_first_match_with_what_is_around_it() -> None:
    text = "x " * 200 + "the copper sample" + " y" * 200
    found = snippet(parse_query("copper"), text, 40)
    assert found is not None
    assert len(found.text) == 40
    assert [found.text[start:end] for start, end in found.spans] == ["copper"]
    assert (found.cut_before, found.cut_after) == (True, True)
    assert snippet(parse_query("iron"), text, 40) is None
    whole = snippet(parse_query("copper"), "copper", 40)
    assert whole is not None
    assert (whole.text, whole.cut_before, whole.cut_after) == ("copper", False, False)
