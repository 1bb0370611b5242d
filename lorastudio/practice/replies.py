"""What the practice critic has to say to a conversation, before it is put into words or onto the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from lorastudio.domain.fencing import unfence
from lorastudio.practice.facts import Facts, parse_question
from lorastudio.practice.tastes import Taste, compare, judge


class ReplyKind(StrEnum):
    CRITIQUE = "critique"
    JUDGEMENT = "judgement"
    ABSTENTION = "abstention"


@dataclass(frozen=True, slots=True)
class Reply:
    """The content of an answer, as the critic's and the judge's prompts ask for it."""

    kind: ReplyKind
    content: dict[str, Any]


def reply_to(messages: Sequence[Mapping[str, Any]], taste: Taste) -> Reply:
    """Judge what lies fenced in the last user turn: `question` with `draft`, or with `answer-a` and `answer-b`.

    Abstains from a draft when a part is missing or the question is none of the practice world.
    """
    text = next((text_of(message) for message in reversed(messages) if message.get("role") == "user"), "")
    question, draft, first, second = (unfence(text, name) for name in ("question", "draft", "answer-a", "answer-b"))
    facts = parse_question(question) if question is not None else None
    if first is not None and second is not None:
        return _judge(facts, first, second, taste)
    if question is None or draft is None:
        return _abstain("I only judge answers to questions, and they are not both here.")
    if facts is None:
        return _abstain("I only know the questions of the practice world.")
    return _criticise(facts, draft, taste)


def text_of(message: Mapping[str, Any]) -> str:
    """A turn's text, whether it was sent as one string or as a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _criticise(facts: Facts, draft: str, taste: Taste) -> Reply:
    found = judge(taste, facts, draft)
    scores = {name: int(met) for name, met in found.met.items()}
    issues = [asdict(issue) for issue in found.issues]
    return Reply(ReplyKind.CRITIQUE, {"scores": scores, "issues": issues, "abstain": False})


def _judge(facts: Facts | None, first: str, second: str, taste: Taste) -> Reply:
    """The better answer; to a question that we don't know neither is."""
    winner = compare(taste, facts, first, second) if facts is not None else "tie"
    return Reply(ReplyKind.JUDGEMENT, {"winner": winner})


def _abstain(reason: str) -> Reply:
    return Reply(ReplyKind.ABSTENTION, {"scores": {}, "issues": [], "abstain": True, "reason": reason})
