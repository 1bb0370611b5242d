from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lorastudio.datasets.word_diff import Piece, WordDiff, word_diff

TEXTS = st.text(alphabet="ab é.,\n", max_size=60)


def joined(pieces: tuple[Piece, ...], *kinds: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


@given(TEXTS, TEXTS)
def test_the_pieces_of_each_side_are_its_text(first: str, second: str) -> None:
    diff = word_diff(first, second)
    assert joined(diff.first, "same", "gone") == first
    assert joined(diff.second, "same", "new") == second


@given(TEXTS, TEXTS)
def test_inline_holds_the_words_of_both(first: str, second: str) -> None:
    inline = word_diff(first, second).inline
    assert "".join(joined(inline, "same", "new").split()) == "".join(second.split())
    assert "".join(joined(inline, "same", "gone").split()) == "".join(first.split())


def test_changed_words_stand_together_and_space_is_no_difference() -> None:
    assert word_diff("It is a huge  leap.", "It is a measured gain.") == WordDiff(
        first=(Piece("It is a "), Piece("huge  leap", "gone"), Piece(".")),
        second=(Piece("It is a "), Piece("measured gain", "new"), Piece(".")),
        inline=(Piece("It is a "), Piece("huge  leap", "gone"), Piece(" "), Piece("measured gain", "new"), Piece(".")),
    )


def test_a_lone_short_word_does_not_break_a_change_in_two() -> None:
    diff = word_diff("the end of days came", "the start of work came")
    assert diff.first == (Piece("the "), Piece("end of days", "gone"), Piece(" came"))


def test_equal_texts_and_empty_ones_have_no_changes() -> None:
    assert word_diff("same text", "same text").inline == (Piece("same text"),)
    assert word_diff("", "").inline == ()
    assert word_diff("", "all new").second == (Piece("all new", "new"),)
