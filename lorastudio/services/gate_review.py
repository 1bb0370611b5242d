"""What a person reads beside the gate's verdict: the questions that decided it, with answers of both sides."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.datasets.checks import check_answer
from lorastudio.domain.gate import GateQuestion
from lorastudio.services.gate_answers import BASE, CANDIDATE, LIVE, SAMPLES, Record, Replies, answer_id, read_replies
from lorastudio.services.gate_evidence import read_words
from lorastudio.services.gating import GATES, WORDS_FILE
from lorastudio.store.gate_looks import list_looks
from lorastudio.store.gate_questions import list_gate_questions
from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class DecidingQuestion:
    """A gate question on which the two differ. Scores are shares in 0..1 of the answers that pass, or the judge's
    word (1 won, 0 lost); the answers shown are the ones that show the difference, with what they fail.
    """

    question: str
    candidate_score: float
    against_score: float
    candidate: str
    against: str
    candidate_fails: tuple[str, ...] = ()
    against_fails: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        return self.candidate_score - self.against_score


def deciding_questions(library: Library, version: int, most: int = 40) -> list[DecidingQuestion]:
    """The questions of the version's last finished look on which the two sides differ, the clearest first.

    Empty when it was never judged, or the look's answers are no longer on disk.
    """
    finished = [look for look in list_looks(library, version) if look.report is not None]
    folder = library.home / GATES / str(finished[-1].id) if finished else None
    if folder is None or not folder.is_dir():
        return []
    replies, words = read_replies(folder), read_words(folder / WORDS_FILE)
    against = LIVE if any(name == LIVE for name, _ in replies.answers) else BASE
    asked = [question for question in list_gate_questions(library) if _was_asked(question, against, replies)]
    found = [_review(question, against, replies, words.get((against, question.id))) for question in asked]
    differing = [item for item in found if item is not None and item.difference]
    return sorted(differing, key=lambda item: -abs(item.difference))[:most]


def _was_asked(question: GateQuestion, against: str, replies: Replies) -> bool:
    return all((name, answer_id(question, SAMPLES - 1)) in replies.answers for name in (CANDIDATE, against))


def _review(question: GateQuestion, against: str, replies: Replies, word: int | None) -> DecidingQuestion | None:
    if not question.checks:
        if not word:
            return None
        shown = answer_id(question, 0)
        ours_text, theirs_text = (str(replies.answers[name, shown]["text"]) for name in (CANDIDATE, against))
        return DecidingQuestion(question.text, (1 + word) / 2, (1 - word) / 2, ours_text, theirs_text)
    ours, theirs = (_failures(question, name, replies) for name in (CANDIDATE, against))
    score, other = (sum(not fails for _, fails in side) / SAMPLES for side in (ours, theirs))
    our_text, our_fails = _typical(ours, wants_pass=score > other)
    their_text, their_fails = _typical(theirs, wants_pass=score < other)
    return DecidingQuestion(question.text, score, other, our_text, their_text, our_fails, their_fails)


def _failures(question: GateQuestion, name: str, replies: Replies) -> list[tuple[str, tuple[str, ...]]]:
    """Each answer of one side with the checks that it fails."""
    records = (replies.answers[name, answer_id(question, sample)] for sample in range(SAMPLES))
    return [(str(record["text"]), _failed(question, record)) for record in records]


def _failed(question: GateQuestion, record: Record) -> tuple[str, ...]:
    truncated = record["finish_reason"] != "stop"
    met = check_answer(question.checks, question.text, str(record["text"]), truncated=truncated)
    return tuple(name for name, ok in met.items() if not ok)


def _typical(answers: list[tuple[str, tuple[str, ...]]], *, wants_pass: bool) -> tuple[str, tuple[str, ...]]:
    return next((answer for answer in answers if (not answer[1]) == wants_pass), answers[0])
