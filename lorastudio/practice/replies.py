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

    Abstains when a part is missing or the question is none of the practice world.
    """
    text = next((text_of(message) for message in reversed(messages) if message.get("role") == "user"), "")
    question = unfence(text, "question")
    if question is None:
        return _abstain("I only judge drafts, and there is none here.")
    facts = parse_question(question)
    if facts is None:
        return _abstain("I only know the questions of the practice world.")
    draft, first, second = (unfence(text, name) for name in ("draft", "answer-a", "answer-b"))
    if draft is not None:
        return _criticise(facts, draft, taste)
    if first is not None and second is not None:
        return Reply(ReplyKind.JUDGEMENT, {"winner": compare(taste, facts, first, second)})
    return _abstain("There is a question here, but no draft.")


def text_of(message: Mapping[str, Any]) -> str:
    """A turn's text, whether it was sent as one string or as a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _criticise(facts: Facts, draft: str, taste: Taste) -> Reply:
    found = judge(taste, facts, draft)
    scores = {name: int(met) for name, met in found.met.items()}
    issues = [asdict(issue) for issue in found.issues]
    return Reply(ReplyKind.CRITIQUE, {"scores": scores, "issues": issues, "abstain": False})


def _abstain(reason: str) -> Reply:
    return Reply(ReplyKind.ABSTENTION, {"scores": {}, "issues": [], "abstain": True, "reason": reason})
