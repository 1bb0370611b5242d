from __future__ import annotations

import pytest

from lorastudio.datasets.translations import Gist, TranslationIndex, gist, may_translate, numbers_of, translates
from lorastudio.practice.questions import preference_pairs

ENGLISH = (
    "The city of São Paulo was founded in 1554 and has 12,396,372 people. In 2023 its buses of the company SPTrans"
    " carried 7.5 million passengers a day, and the Metrô another 3.1 million."
)
PORTUGUESE = (
    "A cidade de São Paulo foi fundada em 1554 e tem 12.396.372 habitantes. Em 2023 os seus ônibus da empresa SPTrans"
    " levaram 7,5 milhões de passageiros por dia, e o Metrô outros 3,1 milhões."
)


def test_a_translation_is_recognised_by_what_it_keeps() -> None:
    assert translates(gist(ENGLISH), gist(PORTUGUESE))
    assert translates(gist(PORTUGUESE), gist(ENGLISH))


@pytest.mark.parametrize(
    "other",
    [
        ENGLISH,
        PORTUGUESE.replace("1554", "1565"),
        PORTUGUESE.replace("São Paulo", "Lisboa").replace("SPTrans", "Carris").replace("Metrô", "Funicular"),
        PORTUGUESE * 3,
        "A cidade não tem números.",
    ],
)
def test_what_is_in_the_same_language_or_says_something_else_is_none(other: str) -> None:
    assert not translates(gist(ENGLISH), gist(other))


def test_numbers_are_the_same_whichever_way_they_are_written() -> None:
    assert numbers_of("1,234.5 and 0.50 and 007, 3 000") == numbers_of("1.234,5 e 0,50 e 7, 3 000")
    assert numbers_of("12.396.372") == numbers_of("12,396,372") == {"12396372"}
    assert numbers_of("K2 is no number, nor is v1.2x") == frozenset()


def test_without_embeddings_three_numbers_are_not_enough() -> None:
    english = gist("The sample was kept at 650 K for 20 min in 12 runs of the same kind.")
    portuguese = gist("A amostra foi mantida a 650 K durante 20 min em 12 ensaios do mesmo tipo.")
    assert may_translate(english, portuguese)
    assert not translates(english, portuguese)


def test_practice_questions_are_not_taken_for_translations_of_each_other() -> None:
    index: TranslationIndex[int] = TranslationIndex()
    for number, pair in enumerate(preference_pairs(300)):
        seen = gist(f"{pair.prompt}\n{pair.good}")
        assert index.translations(seen) == []
        index.add(number, seen)


def test_the_index_gives_what_was_added_first() -> None:
    index: TranslationIndex[str] = TranslationIndex()
    for key in ("a", "b"):
        index.add(key, gist(PORTUGUESE))
    index.add("en", gist(ENGLISH))
    index.add("nothing", Gist("pt", frozenset(), frozenset(), 3))
    assert index.translations(gist(ENGLISH)) == ["a", "b"]
    assert index.translations(gist("Nothing at all.")) == []
