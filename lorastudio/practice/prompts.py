"""What is said to writer and critic about practice questions."""

from __future__ import annotations

from collections.abc import Iterable

from lorastudio.domain.errors import UsageError
from lorastudio.domain.messages import Conversation, user
from lorastudio.domain.rubric import Criterion, Rubric
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.facts import ask_revise, parse_question

# The practice model is sampled as it was trained: at temperature 1.
PRACTICE_TEMPERATURE = 1.0
# Its longest paragraph has 42 tokens, with the end token.
PRACTICE_MAX_TOKENS = 64


def practice_checks() -> dict[str, bool]:
    """The `checks` of a practice question: its answers are checked by the practice critic, in code."""
    return {"practice": True}


def practice_rubric() -> Rubric:
    """The four criteria, each missed (0) or met (1)."""
    levels = {
        "facts": ("A given fact is missing, wrong or repeated, or one is invented.", "Each given fact stands once."),
        "units": ("A unit is not an SI symbol, or none is stated.", "Units are SI symbols (K, s, min, h)."),
        "plain": ("There is hype.", "The tone is plain."),
        "form": (
            "Not the past tense, not whole sentences, or no full stop.",
            "Past tense, whole sentences, full stop.",
        ),
    }
    return Rubric("practice", tuple(Criterion(name, levels[name]) for name in CRITERIA))


def draft_prompt(question: str) -> Conversation:
    """What the practice model is asked for a first draft: the bare question."""
    return user(question)


def revise_prompt(question: str, draft: str, criteria: Iterable[str]) -> Conversation:
    """What the practice model is asked for its next draft, given the names of the criteria to mend.

    Names of other criteria are ignored; with none left the question is asked anew. UsageError when
    `question` is not one of the practice world.
    """
    facts = parse_question(question)
    if facts is None:
        raise UsageError(
            f"The practice model can't revise an answer to “{question[:80]}”: it is no practice question.",
            "Choose another writer for questions of your own.",
        )
    known = [name for name in criteria if name in CRITERIA]
    return user(ask_revise(facts, draft, known)) if known else draft_prompt(question)
