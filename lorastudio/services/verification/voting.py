"""Votes counted: which teachers stand behind which answer, and whether they are enough.

Pure rules, apart from any server. A wrong answer can only pass when at least a quorum of the teachers stands
behind it, because votes are only ever counted for teachers that gave an answer or agreed with it themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lorastudio.domain.verified import AnswerState, Finding, Method, Outcome, Quorum, TeacherAnswer, confidence_of
from lorastudio.services.verification.short_answers import ShortForm

Supporters = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Ballot:
    """One teacher's answer with its short form; `form` is None where it has none, or no vote at all."""

    answer: TeacherAnswer
    form: ShortForm | None

    @property
    def teacher(self) -> str:
        return self.answer.teacher

    @property
    def usable(self) -> bool:
        return self.answer.state is AnswerState.USABLE


def camps(ballots: Sequence[Ballot]) -> Supporters:
    """For each teacher with a vote, who gave the same answer: the same short form, or the same text.

    Accents are left aside only while no two answers differ by them alone: São Paulo is Sao Paulo, but beside
    both avó and avô each stands for itself, and so does avo.
    """
    voting = [ballot for ballot in ballots if ballot.usable]
    accented = defaultdict(set)
    for ballot in voting:
        if ballot.form is not None and ballot.form.exact not in ("", ballot.form.key):
            accented[ballot.form.key].add(ballot.form.exact)
    by_camp: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for ballot in voting:
        by_camp[_camp(ballot, len(accented[ballot.form.key]) > 1 if ballot.form else False)].append(ballot.teacher)
    return {teacher: tuple(members) for members in by_camp.values() for teacher in members}


def undecided_by_form(ballots: Sequence[Ballot], quorum: Quorum) -> bool:
    """Whether words of their own may hide an agreement that short forms don't show, so that asking can tell."""
    voting = [ballot for ballot in ballots if ballot.usable]
    enough = len(voting) >= quorum.needed
    same = max((len(members) for members in camps(ballots).values()), default=0) >= quorum.needed
    return enough and not same and not all(ballot.form is not None and ballot.form.definite for ballot in voting)


def tally(
    ballots: Sequence[Ballot], supporters: Supporters, quorum: Quorum, method: Method, *, unheard: int = 0
) -> Finding:
    """The finding on one question. The answer with the most votes leads; of several, the first teacher's.

    `supporters` holds, for each teacher with a vote, who stands behind its answer. `unheard` teachers might have
    agreed but could not be asked; where they, or those that gave no answer, could have made a quorum, the question
    has too few answers.
    """
    voting = [ballot for ballot in ballots if ballot.usable]
    answers = tuple(
        replace(
            ballot.answer,
            supporters=supporters.get(ballot.teacher, ()) if ballot.usable else (),
            short_form=str(ballot.form) if ballot.form is not None else "",
        )
        for ballot in ballots
    )
    silent = unheard + sum(ballot.answer.state is AnswerState.FAILED for ballot in ballots)
    leading = max(voting, key=lambda ballot: len(supporters[ballot.teacher]), default=None)
    if leading is None:
        outcome = Outcome.TOO_FEW if silent >= quorum.needed else Outcome.DISAGREED
        return Finding(outcome, method, answers, confidence=0.0)
    behind = supporters[leading.teacher]
    votes = len(behind)
    dissent = sum(ballot.teacher not in behind for ballot in voting)
    outcome = Outcome.AGREED if votes >= quorum.needed else Outcome.DISAGREED
    if outcome is Outcome.DISAGREED and silent and votes + silent >= quorum.needed:
        outcome = Outcome.TOO_FEW
    return Finding(
        outcome=outcome,
        method=method,
        answers=answers,
        answer=_wording(leading, behind, voting) if method is Method.SHORT else leading.answer.text,
        votes=votes,
        dissent=dissent,
        confidence=confidence_of(votes, dissent, quorum),
    )


def _camp(ballot: Ballot, accents_count: bool) -> tuple[str, str]:
    if ballot.form is None:
        return "whole text", ballot.answer.text.strip()
    return ballot.form.kind.value, ballot.form.exact if accents_count else ballot.form.key


def _wording(leading: Ballot, behind: Sequence[str], voting: Sequence[Ballot]) -> str:
    """How the answer is put: as most of its supporters put it, with accents if any has them; then as the first.

    Only the result itself is taken, because that alone is what they agree on, not the words around it.
    """
    if leading.form is None:
        return leading.answer.text
    forms = [ballot.form for ballot in voting if ballot.teacher in behind and ballot.form is not None]
    counts = Counter(form.result for form in forms)
    return max(forms, key=lambda form: (form.exact != form.key, counts[form.result])).result
