"""One question on its way: what was said so far, who must be asked next, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lorastudio.domain.verified import AnswerState, Finding, Method, Query, TeacherAnswer, Verification
from lorastudio.services.verification.short_answers import ShortForm, short_form
from lorastudio.services.verification.voting import Ballot, Supporters, camps, tally, undecided_by_form


class Case:
    """The state of one question. It asks nobody; whoever shares it between threads guards it."""

    def __init__(self, query: Query, verification: Verification, method: Method) -> None:
        self.query = query
        self.writer = verification.writer
        # A call was not made, since it could not be paid for: the question stays as it is.
        self.unpaid = False
        self._quorum = verification.quorum
        self._teachers = verification.teachers
        self._method = method
        self._answers: dict[str, TeacherAnswer] = {}
        self._examiners: set[str] = set()
        self._agreed: dict[str, frozenset[str]] = {}
        self._unheard = 0

    def to_answer(self) -> list[str]:
        """Who is to answer: every teacher, and the writer if there is one."""
        return [*self._teachers, *([self.writer] if self.writer is not None else [])]

    def take_answer(self, answer: TeacherAnswer) -> bool:
        """Note an answer; whether it was the last one."""
        self._answers[answer.teacher] = answer
        return len(self._answers) == len(self.to_answer())

    def to_examine(self) -> dict[str, tuple[str, ...]]:
        """Who is to judge which texts of others, each once; empty where the answers alone can tell."""
        ballots = self._ballots()
        if self._method is Method.SHORT or not undecided_by_form(ballots, self._quorum):
            return {}
        shown = _distinct(self._answers[name].text for name in self.to_answer() if self._is_usable(name))
        todo = {
            name: tuple(text for text in shown if text != self._own_text(name))
            for name in self._teachers
            if self._answers[name].state is not AnswerState.FAILED
        }
        self._examiners = {name for name, texts in todo.items() if texts}
        return {name: todo[name] for name in self._teachers if name in self._examiners}

    def take_verdicts(self, teacher: str, agreed: frozenset[str] | None) -> bool:
        """Note which texts a teacher agrees with (None: it could not be asked); whether it was the last one."""
        self._agreed[teacher] = agreed or frozenset()
        self._unheard += agreed is None
        return self._agreed.keys() == self._examiners

    def finding(self) -> Finding:
        """What the question comes to, by what was said so far."""
        ballots = self._ballots()
        method = Method.CROSS if self._examiners else Method.SHORT
        supporters = self._supporters(ballots) if self._examiners else camps(ballots)
        found = tally(ballots, supporters, self._quorum, method, unheard=self._unheard)
        if self.writer is None or not self._is_usable(self.writer):
            return found
        return replace(found, writer_answer=self._own_text(self.writer), writer_differs=self._writer_differs(found))

    def _ballots(self) -> list[Ballot]:
        return [Ballot(self._answers[name], self._form(name)) for name in self._teachers]

    def _form(self, name: str) -> ShortForm | None:
        """What is compared; nothing but the whole text where every answer is to be examined."""
        if self._method is Method.CROSS or not self._is_usable(name):
            return None
        return short_form(self._answers[name].text, self.query.language)

    def _supporters(self, ballots: Iterable[Ballot]) -> Supporters:
        return {ballot.teacher: self._behind(ballot.answer.text) for ballot in ballots if ballot.usable}

    def _behind(self, text: str) -> tuple[str, ...]:
        """The teachers that gave this text, or agreed with it."""
        return tuple(
            name for name in self._teachers if self._own_text(name) == text or text in self._agreed.get(name, ())
        )

    def _writer_differs(self, found: Finding) -> bool:
        """Whether the writer surely says something else than the teachers' answer."""
        writer = self.writer or ""
        if self._examiners:
            return len(self._behind(self._answers[writer].text)) < self._quorum.needed
        mine, theirs = self._form(writer), short_form(found.answer or "", self.query.language)
        if mine is None or theirs is None or not (mine.definite and theirs.definite):
            return False
        return (mine.kind, mine.key) != (theirs.kind, theirs.key)

    def _is_usable(self, name: str) -> bool:
        return self._answers[name].state is AnswerState.USABLE

    def _own_text(self, name: str) -> str | None:
        return self._answers[name].text if self._is_usable(name) else None


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
