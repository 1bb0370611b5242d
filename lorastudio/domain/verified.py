"""Verified responses: one question to several teachers, kept when a quorum of them agrees.

Agreement is not truth: nothing here says that an answer is true, only how many teachers stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lorastudio.domain.errors import UsageError

# What a reached quorum counts at least, and what the lead over those who differ can add. Less than 1.0 is left to
# the quorum by the rule itself: that is a person's own decision.
QUORUM_CONFIDENCE = 0.8
LEAD_CONFIDENCE = 0.2
_DIGITS = 9


class VerificationState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


class Method(StrEnum):
    """How answers are compared. `AUTO`: by their short form, and where that can't tell, by cross-examination."""

    AUTO = "auto"
    SHORT = "short"
    CROSS = "cross"


class Outcome(StrEnum):
    """What became of a question. `TOO_FEW`: there is no quorum, and teachers that failed could have made one."""

    WAITING = "waiting"
    AGREED = "agreed"
    DISAGREED = "no quorum"
    TOO_FEW = "too few answers"


class AnswerState(StrEnum):
    """`USABLE` alone has a vote. `TRUNCATED`: cut by the token limit. `REFUSED`: it declines to answer, or says that
    it does not know. `UNFIT`: it is empty, holds parts of its prompt or fails a check in code. `FAILED`: the teacher
    gave none."""

    USABLE = "usable"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    UNFIT = "unfit"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Quorum:
    """So many of so many teachers must stand behind one answer.

    More than half, so that two answers that exclude each other never both have one (two sets of more than half
    of the teachers share a teacher). `UsageError` for any other number.
    """

    needed: int
    teachers: int

    def __post_init__(self) -> None:
        if self.teachers < 2:
            raise UsageError(
                f"Agreement needs at least two teachers, and there {'is' if self.teachers == 1 else 'are'} "
                f"{self.teachers}.",
                "Add more with `lorastudio endpoint add NAME --role teacher --url URL`.",
            )
        if not self.teachers < 2 * self.needed <= 2 * self.teachers:
            raise UsageError(
                f"A quorum of {self.needed} does not fit {self.teachers} teachers.",
                f"Choose from {majority(self.teachers)} to {self.teachers}: more than half of them, "
                "or two answers that exclude each other could both pass.",
            )

    @property
    def colluding(self) -> int:
        """How many teachers may agree on one wrong answer without its passing."""
        return self.needed - 1

    @property
    def down(self) -> int:
        """How many teachers may give no answer while the others still can agree."""
        return self.teachers - self.needed

    def stands(self) -> str:
        """What it stands, in words for people."""
        return (
            f"{self.needed} of {self.teachers} teachers must agree. Safe against {self.colluding} that "
            f"{'collude' if self.colluding != 1 else 'lies'} in one wrong answer; with {self.needed} it would pass. "
            f"Still answers with {self.down} of them down."
        )


def majority(teachers: int) -> int:
    """The least quorum of so many teachers."""
    return teachers // 2 + 1


def confidence_of(votes: int, dissent: int, quorum: Quorum) -> float:
    """How far an answer may be relied on, 0 to below 1, from who stands behind it.

    With v votes, w usable answers that differ from it, n teachers and a quorum of q:

        v >= q:  0.8 + 0.2 (v - w) / (n + 1)      v < q:  0.8 v / n

    So a reached quorum counts 0.8 and more (v > n/2 leaves w < v), every further vote raises it, dissent lowers
    it, silence does neither, and even unanimity stays below 1.0, which is a person's own decision.
    """
    if votes >= quorum.needed:
        return round(QUORUM_CONFIDENCE + LEAD_CONFIDENCE * (votes - dissent) / (quorum.teachers + 1), _DIGITS)
    return round(QUORUM_CONFIDENCE * votes / quorum.teachers, _DIGITS)


def agreement_in_words(votes: int, teachers: int) -> str:
    """Like "3 of 3 teachers agree"."""
    return f"{votes} of {teachers} teachers agree"


@dataclass(frozen=True, slots=True)
class Verification:
    """One round of questions; `teachers` and `writer` are names of endpoints (no writer: none is asked)."""

    id: int
    state: VerificationState
    quorum: Quorum
    teachers: tuple[str, ...]
    writer: str | None
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class TeacherAnswer:
    """What one teacher said. `supporters` are the teachers that stand behind it, its author among them; empty
    where it has no vote, and `note` then says why. `short_form` is what was compared, empty where nothing was."""

    teacher: str
    state: AnswerState
    text: str = ""
    short_form: str = ""
    supporters: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a question came to: the answer with the most votes (None: there is none), and how it got them."""

    outcome: Outcome
    method: Method
    answers: tuple[TeacherAnswer, ...]
    answer: str | None = None
    votes: int = 0
    dissent: int = 0
    confidence: float | None = None
    writer_answer: str | None = None
    writer_differs: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One question of a verification; positions count from 0. `checks` are those in code, see `datasets.checks`."""

    id: int
    verification_id: int
    position: int
    text: str
    group: str
    language: str
    checks: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.WAITING


@dataclass(frozen=True, slots=True)
class VerifiedResponse:
    """A question that was worked on to its end, as the library keeps it; `date` is when."""

    query: Query
    quorum: Quorum
    finding: Finding
    date: str
    import_id: int | None = None

    @property
    def agreement(self) -> str:
        """Who agrees, in words; never that it is true."""
        return agreement_in_words(self.finding.votes, self.quorum.teachers)
