"""The rule of the quorum, for any teachers, any quorum and any lies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.domain.errors import UsageError
from lorastudio.domain.verified import (
    AnswerState,
    Method,
    Outcome,
    Quorum,
    TeacherAnswer,
    confidence_of,
    majority,
)
from lorastudio.services.verification.short_answers import short_form
from lorastudio.services.verification.voting import Ballot, camps, tally

QUORUMS = st.integers(2, 9).flatmap(lambda n: st.builds(Quorum, st.integers(majority(n), n), st.just(n)))
RIGHT, LIE = "42", "17"


def ballots(*texts: str | None) -> list[Ballot]:
    """One for each text; None is a teacher that failed."""
    return [
        Ballot(TeacherAnswer(f"t{number}", AnswerState.FAILED if text is None else AnswerState.USABLE, text or ""),
               None if text is None else short_form(text))
        for number, text in enumerate(texts)
    ]  # fmt: skip


def decided(quorum: Quorum, *texts: str | None):
    cast = ballots(*texts)
    return tally(cast, camps(cast), quorum, Method.SHORT)


@given(st.integers(-2, 12), st.integers(-2, 12))
def test_a_quorum_is_more_than_half_and_no_more_than_all(needed: int, teachers: int) -> None:
    fits = teachers >= 2 and teachers < 2 * needed and needed <= teachers
    if fits:
        quorum = Quorum(needed, teachers)
        assert (quorum.colluding, quorum.down) == (needed - 1, teachers - needed)
        assert quorum.colluding + quorum.down + 1 == teachers
        assert f"{needed} of {teachers} teachers must agree" in quorum.stands()
    else:
        with pytest.raises(UsageError):
            Quorum(needed, teachers)


@given(QUORUMS, st.data())
def test_no_lie_passes_while_fewer_than_a_quorum_tell_it_and_it_passes_when_they_are_enough(
    quorum: Quorum, data: st.DataObject
) -> None:
    liars = data.draw(st.integers(0, quorum.teachers), label="liars")
    texts = [LIE] * liars + [data.draw(st.sampled_from([RIGHT, None])) for _ in range(quorum.teachers - liars)]
    found = decided(quorum, *data.draw(st.permutations(texts)))
    lied = found.outcome is Outcome.AGREED and found.answer == LIE
    assert lied is (liars >= quorum.needed)


@given(QUORUMS, st.data())
def test_the_others_still_answer_while_no_more_are_down_than_may_be(quorum: Quorum, data: st.DataObject) -> None:
    down = data.draw(st.integers(0, quorum.teachers), label="down")
    texts = [None] * down + [RIGHT] * (quorum.teachers - down)
    found = decided(quorum, *data.draw(st.permutations(texts)))
    assert (found.outcome is Outcome.AGREED) is (down <= quorum.down)
    if down > quorum.down:
        assert found.outcome is Outcome.TOO_FEW


@given(QUORUMS, st.data())
def test_two_answers_never_both_have_a_quorum(quorum: Quorum, data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.sampled_from(["1", "2", "three", None]), min_size=quorum.teachers,
                               max_size=quorum.teachers))  # fmt: skip
    cast = ballots(*texts)
    groups = set(camps(cast).values())
    assert sum(len(members) for members in groups) == sum(ballot.usable for ballot in cast)
    assert sum(len(members) >= quorum.needed for members in groups) <= 1


@given(QUORUMS, st.data())
def test_confidence_keeps_its_rule(quorum: Quorum, data: st.DataObject) -> None:
    votes = data.draw(st.integers(0, quorum.teachers), label="votes")
    dissent = data.draw(st.integers(0, quorum.teachers - votes), label="dissent")
    sure = confidence_of(votes, dissent, quorum)
    assert 0 <= sure < 1
    assert (sure >= 0.8) is (votes >= quorum.needed)
    if votes < quorum.teachers:
        assert confidence_of(votes + 1, 0, quorum) > confidence_of(votes, 0, quorum)
    if dissent and votes >= quorum.needed:
        assert confidence_of(votes, dissent - 1, quorum) > sure


def test_confidence_in_figures() -> None:
    assert confidence_of(3, 0, Quorum(2, 3)) == pytest.approx(0.95)
    assert confidence_of(2, 1, Quorum(2, 3)) == pytest.approx(0.85)
    assert confidence_of(2, 0, Quorum(2, 3)) == pytest.approx(0.90)
    assert confidence_of(1, 2, Quorum(2, 3)) == pytest.approx(0.8 / 3)


@pytest.mark.parametrize(
    ("texts", "answer"),
    [
        (("Sao Paulo", "São Paulo", "Rio"), "São Paulo"),
        (("avó", "avô", "tia"), None),  # a grandmother is no grandfather
        (("avó", "avô", "avo"), None),
        (("avô", "avó", "avô"), "avô"),
        (("AVÔ", "avô", "avó"), "AVÔ"),
    ],
)
def test_accents_are_left_aside_only_while_nothing_hangs_on_them(texts: tuple[str, ...], answer: str | None) -> None:
    found = decided(Quorum(2, 3), *texts)
    assert (found.answer if found.outcome is Outcome.AGREED else None) == answer


def test_nothing_but_the_result_of_the_quorum_becomes_the_answer() -> None:
    found = decided(Quorum(2, 3), "The moon is cheese.\nThe answer is 42.", "It's 42", "41")
    assert (found.answer, found.votes, found.dissent) == ("42", 2, 1)


def test_an_answer_without_a_vote_stands_behind_nothing() -> None:
    found = decided(Quorum(2, 2), None, None)
    assert (found.outcome, found.answer, found.votes) == (Outcome.TOO_FEW, None, 0)
