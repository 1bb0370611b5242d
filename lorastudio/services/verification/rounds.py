"""All questions of a verification at once: each teacher has a queue of its own, so that a slow one holds up no
other, and a question moves on when its last teacher has spoken."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress
from typing import TypeVar

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, KnownError, LibraryError
from lorastudio.domain.events import Event
from lorastudio.domain.verification_events import TeacherDropped
from lorastudio.domain.verified import AnswerState, Finding, Query, TeacherAnswer
from lorastudio.services.drafting.budget import BudgetUsedUp
from lorastudio.services.verification.case import Case
from lorastudio.services.verification.panel import Panel

# So many failures in a row, and a teacher is taken for down until the next run.
_STRIKES = 3
_SLICE_S = 0.1

Task = Callable[[], None]
T = TypeVar("T")


@dataclass(slots=True)
class _Desk:
    """One teacher's (or the writer's) work. `strikes` counts failures in a row; `down` says why it is asked no more."""

    tasks: deque[Task] = field(default_factory=deque)
    strikes: int = 0
    down: str = ""


@dataclass(frozen=True, slots=True)
class _Failure:
    words: str


class Rounds:
    """Works on cases until each is settled, or left because it could not be paid for."""

    def __init__(
        self,
        panel: Panel,
        cases: Sequence[Case],
        settle: Callable[[Query, Finding], None],
        tell: Callable[[Event], None],
        cancel: CancelToken,
    ) -> None:
        """`settle` is called once for each case that came to its end, from any of the workers."""
        self._panel = panel
        self._settle = settle
        self._tell = tell
        self._cancel = cancel
        self._changed = threading.Condition()
        self._open = len(cases)
        self._desks: dict[str, _Desk] = {}
        for case in cases:
            for name in case.to_answer():
                self._desks.setdefault(name, _Desk()).tasks.append(partial(self._answer, case, name))

    def workers(self, concurrency: Mapping[str, int]) -> list[Task]:
        """What to run on threads: for each endpoint as many workers as calls it takes at once."""
        return [
            partial(self._work, desk)
            for name, desk in self._desks.items()
            for _ in range(min(concurrency[name], len(desk.tasks)))
        ]

    def _work(self, desk: _Desk) -> None:
        while (task := self._next(desk)) is not None:
            try:
                task()
            except Cancelled:
                return

    def _next(self, desk: _Desk) -> Task | None:
        with self._changed:
            while self._open and not self._cancel.cancelled:
                if desk.tasks:
                    return desk.tasks.popleft()
                self._changed.wait(_SLICE_S)
        return None

    def _answer(self, case: Case, name: str) -> None:
        ask = self._panel.write if name == case.writer else partial(self._panel.answer, teacher=name)
        answer = self._heard(case, name, partial(ask, case.query))
        if isinstance(answer, _Failure):
            answer = TeacherAnswer(name, AnswerState.FAILED, note=answer.words)
        with self._changed:
            complete = case.take_answer(answer)
        if complete:
            self._go_on(case)

    def _go_on(self, case: Case) -> None:
        """Every teacher has answered, or failed to: let them judge one another's answers, or settle the question."""
        todo = {} if case.unpaid else case.to_examine()
        if not todo:
            self._end(case)
            return
        with self._changed:
            for teacher, texts in todo.items():
                # First, so that questions come to their ends one after the other.
                self._desks[teacher].tasks.appendleft(partial(self._examine, case, teacher, texts))
            self._changed.notify_all()

    def _examine(self, case: Case, teacher: str, texts: tuple[str, ...]) -> None:
        verdicts = self._heard(case, teacher, partial(self._panel.examine, case.query, teacher, texts))
        agreed: frozenset[str] | None = None
        if not isinstance(verdicts, _Failure):
            # Verdicts that can't be read agree with nothing.
            agreed = frozenset(compress(texts, verdicts or ()))
        with self._changed:
            complete = case.take_verdicts(teacher, agreed)
        if complete:
            self._end(case)

    def _end(self, case: Case) -> None:
        if not case.unpaid:
            self._settle(case.query, case.finding())
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def _heard(self, case: Case, name: str, ask: Callable[[], T]) -> T | _Failure:
        """What an endpoint says, or how it failed; Cancelled and LibraryError pass through."""
        desk = self._desks[name]
        if desk.down:
            return _Failure(desk.down)
        try:
            said = ask()
        except BudgetUsedUp as error:
            case.unpaid = True
            return _Failure(str(error))
        except (Cancelled, LibraryError):
            raise
        except KnownError as error:
            self._strike(name, str(error))
            return _Failure(str(error))
        with self._changed:
            desk.strikes = 0
        return said

    def _strike(self, name: str, words: str) -> None:
        desk = self._desks[name]
        with self._changed:
            desk.strikes += 1
            dropped = desk.strikes >= _STRIKES and not desk.down
            if dropped:
                desk.down = f"Not asked: it failed {desk.strikes} times in a row. {words}"
        if dropped:
            self._tell(TeacherDropped(name, words))
