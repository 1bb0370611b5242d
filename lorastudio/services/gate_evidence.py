"""From answers to evidence: checks in code, the judge's word, canaries, log-probs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorastudio.datasets.checks import check_answer
from lorastudio.datasets.language import ENGLISH, PORTUGUESE, detect_language, languages_differ
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event, Progressed
from lorastudio.domain.files import write_atomic
from lorastudio.domain.gate import GateQuestion
from lorastudio.domain.seeds import derive_seed
from lorastudio.gate.evidence import Answer, Answers, CanaryEvidence, GoodAnswer, QuestionEvidence
from lorastudio.gate.repetition import repeats
from lorastudio.services.gate_answers import (
    BASE,
    CANDIDATE,
    MOST_GOOD_ANSWERS,
    SAMPLES,
    Contest,
    Record,
    Replies,
    answer_id,
    canary_id,
    good_id,
    read_lines,
)


@dataclass(frozen=True, slots=True)
class Judge:
    """Who decides where there are no checks in code.

    `compare(question, answer, other, seed)` says 1 when `answer` is better in both orders of showing, -1 when
    `other` is, 0 otherwise. `note` goes into the report, such as that the judge is also the critic.
    """

    compare: Callable[[str, str, str, int], int]
    note: str = ""


Words = Mapping[tuple[str, int], int]


def judge_answers(contest: Contest, replies: Replies, judge: Judge, kept: Path, cancel: CancelToken) -> Iterator[Event]:
    """Ask the judge about each question without checks; each word is kept in `kept` as soon as it is there.

    One answer of each contestant to a question is shown, so that (wins - losses) / questions is the gain.
    """
    known = read_words(kept)
    opponents = [name for name in contest.adapters if name != CANDIDATE]
    wanted = [(name, question) for question in contest.questions if not question.checks for name in opponents]
    for done, (name, question) in enumerate(wanted):
        cancel.check()
        if (name, question.id) not in known:
            key = answer_id(question, 0)
            answer, other = (str(replies.answers[who, key]["text"]) for who in (CANDIDATE, name))
            seed = derive_seed("judge", contest.seed, question.id)
            known[name, question.id] = judge.compare(question.text, answer, other, seed)
            _write_words(kept, known)
        yield Progressed("judge", done + 1, len(wanted))


def read_words(kept: Path) -> dict[tuple[str, int], int]:
    """What the judge has said: 1, 0 or -1 by opponent and question."""
    return {(record["against"], record["question"]): record["word"] for record in read_lines(kept)}


def _write_words(kept: Path, words: Words) -> None:
    lines = (
        json.dumps({"against": name, "question": question, "word": word}) for (name, question), word in words.items()
    )
    write_atomic(kept, "".join(f"{line}\n" for line in lines).encode())


def question_evidence(contest: Contest, replies: Replies, words: Words) -> tuple[QuestionEvidence, ...]:
    """The figures of all answers, question by question."""
    found = []
    for question in contest.questions:
        answers = {name: _answers(question, name, replies) for name in contest.adapters}
        has_base = contest.against != BASE
        found.append(
            QuestionEvidence(
                group=question.group,
                candidate=answers[CANDIDATE],
                against=answers[contest.against],
                base=answers[BASE] if has_base else None,
                judged=words.get((contest.against, question.id)),
                judged_base=words.get((BASE, question.id)) if has_base else None,
            )
        )
    return tuple(found)


def canary_evidence(contest: Contest, replies: Replies) -> tuple[CanaryEvidence, ...]:
    """Which canaries the candidate and the base get right."""
    return tuple(
        CanaryEvidence(
            canary.kind,
            candidate=canary.is_right(replies.answers[CANDIDATE, canary_id(place)]["text"]),
            base=canary.is_right(replies.answers[BASE, canary_id(place)]["text"]),
        )
        for place, canary in enumerate(contest.canaries)
    )


def good_answer_evidence(contest: Contest, replies: Replies) -> tuple[GoodAnswer, ...]:
    """How likely candidate and opponent find the held-out good answers; rows of one prompt are one group."""
    found = []
    for place, row in enumerate(contest.good_rows[:MOST_GOOD_ANSWERS]):
        candidate = replies.scores[CANDIDATE, good_id(place)]
        against = replies.scores[contest.against, good_id(place)]
        group = json.dumps(row["prompt"], sort_keys=True)
        found.append(GoodAnswer(group, int(candidate["tokens"]), candidate["logprob"], against["logprob"]))
    return tuple(found)


def figures(contest: Contest, replies: Replies, canaries: Sequence[CanaryEvidence]) -> dict[str, Any]:
    """For reading, by contestant: share of answers that pass, mean share of criteria met, mean tokens, canaries."""
    found: dict[str, Any] = {}
    for name in contest.adapters:
        answers = [answer for question in contest.questions for answer in _answers(question, name, replies)]
        checked = [answer for answer in answers if answer.criteria]
        found[name] = {
            "perfect": _mean([bool(answer.passed) for answer in checked]),
            "quality": _mean([_mean(list(answer.criteria.values())) or 0.0 for answer in checked]),
            "tokens": _mean([answer.tokens for answer in answers]),
        }
    found[CANDIDATE]["canary"] = _mean([canary.candidate for canary in canaries])
    found[BASE]["canary"] = _mean([canary.base for canary in canaries])
    return found


def _answers(question: GateQuestion, name: str, replies: Replies) -> Answers:
    return tuple(_answer(question, replies.answers[name, answer_id(question, sample)]) for sample in range(SAMPLES))


def _answer(question: GateQuestion, reply: Record) -> Answer:
    text, ended = str(reply["text"]), reply["finish_reason"] == "stop"
    criteria = check_answer(question.checks, question.text, text, truncated=not ended) if question.checks else {}
    return Answer(
        tokens=int(reply["tokens"]),
        ended=ended,
        repeats=repeats(text),
        passed=all(criteria.values()) if criteria else None,
        criteria=criteria,
        in_language=_in_language(question.language, text),
    )


def _in_language(language: str, text: str) -> bool | None:
    """Whether the answer is in the question's language; None where we can't tell that language."""
    wanted = language.lower()[:2]
    return not languages_differ(wanted, detect_language(text)) if wanted in (ENGLISH, PORTUGUESE) else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
