"""Near-duplicates are found, and templated questions are not taken for them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lorastudio.datasets.duplicates import NEAR_JACCARD, NearIndex, Sketch, jaccard, shingles, sketches
from lorastudio.practice.questions import preference_pairs

WORDS = st.lists(st.sampled_from([f"word{number}" for number in range(10)]), max_size=40)


def sketch(answer: str, question: str = "Why?") -> Sketch:
    return sketches([(question, answer)])[0]


def index_of(*texts: str) -> NearIndex:
    index = NearIndex()
    for number, text in enumerate(texts):
        index.add(number, sketch(text))
    return index


def test_case_and_punctuation_do_not_count() -> None:
    index = index_of("The quick brown fox jumps, over the lazy dog!")
    assert index.near(sketch("the QUICK brown fox jumps over the lazy dog")) == [0]


def test_a_small_change_of_a_long_text_is_near_and_of_a_short_one_is_not() -> None:
    words = [f"word{number}" for number in range(100)]
    index = index_of(" ".join(words), "a b c d")
    assert index.near(sketch(" ".join([*words[:50], "other", *words[51:]]))) == [0]
    assert index.near(sketch("a b c e")) == []
    assert index.near(sketch("A b, c d")) == [1]


def test_signs_alone_match_only_themselves() -> None:
    index = index_of("…", "!!!")
    assert index.near(sketch("!!!")) == [1]


def test_practice_pairs_that_differ_in_numbers_are_no_neighbours() -> None:
    index = index_of()
    for number, pair in enumerate(preference_pairs(300)):
        seen = sketch(pair.good, pair.prompt)
        assert index.near(seen) == []
        index.add(number, seen)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS.map(" ".join), max_size=8), WORDS.map(" ".join))
def test_nothing_below_the_threshold_is_near_and_equal_texts_always_are(texts: list[str], text: str) -> None:
    index = index_of(*texts)
    near = index.near(sketch(text))
    assert near == sorted(near)
    for number, other in enumerate(texts):
        likeness = jaccard(frozenset(shingles(text)) | {"why"}, frozenset(shingles(other)) | {"why"})
        if number in near:
            assert likeness >= NEAR_JACCARD
        else:
            assert likeness < 1.0


def test_a_long_text_that_is_asked_about_makes_no_twins() -> None:
    document = " ".join(f"word{number}" for number in range(300))
    index = NearIndex()
    index.add(7, sketch("It is about the first thing.", document))
    assert index.near(sketch("Nothing is said of the second.", document)) == [7]
    assert index.twins(sketch("Nothing is said of the second.", document)) == []
    assert index.twins(sketch("it is about the first thing", document)) == [7]


def test_what_utf_8_can_not_hold_is_compared_too() -> None:
    assert index_of("\ud800 …", "\ud800 !").near(sketch("\ud800 !")) == [1]


def test_of_many_that_are_alike_only_the_first_are_told_where_that_is_asked_for() -> None:
    index = NearIndex(most=3)
    for number in range(10):
        index.add(number, sketch("a b c d e f g"))
    assert index.near(sketch("a b c d e f g")) == index.twins(sketch("a b c d e f g")) == [0, 1, 2]
    assert index_of(*["a b c d e f g"] * 5).near(sketch("a b c d e f g")) == [0, 1, 2, 3, 4]
