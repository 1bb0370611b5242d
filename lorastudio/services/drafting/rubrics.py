"""What the critic scores by: rubrics shipped with the program, and the one that holds for a question."""

from __future__ import annotations

import json

from lorastudio.datasets.language import ENGLISH, PORTUGUESE
from lorastudio.domain.draft import Question
from lorastudio.domain.rubric import Rubric, rubric_from_record
from lorastudio.paths import resources
from lorastudio.practice.prompts import practice_rubric
from lorastudio.services.drafting.settings import DraftingSettings

GENERAL = "general"
# Each is shipped in both languages, as <kind>.en and <kind>.pt.
KINDS = (GENERAL, "scientific", "code", "translation")
LANGUAGES = (ENGLISH, PORTUGUESE)
SHIPPED = tuple(f"{kind}.{language}" for kind in KINDS for language in LANGUAGES)


def shipped_rubric(name: str) -> Rubric:
    """One of `SHIPPED`, five criteria at five levels each."""
    return rubric_from_record(json.loads((resources() / "rubrics" / f"{name}.json").read_text(encoding="utf-8")))


def in_language(kind: str, language: str) -> str:
    """The name of a kind's rubric for questions in a language: Portuguese, or else English."""
    return f"{kind}.{PORTUGUESE if language.startswith(PORTUGUESE) else ENGLISH}"


def rubric_for(question: Question, settings: DraftingSettings) -> Rubric:
    """The practice world's own rubric for its questions; else the question's, the cycle's, or the general one."""
    if is_practice(question):
        return practice_rubric()
    return question.rubric or settings.rubric or shipped_rubric(in_language(GENERAL, question.language))


def is_practice(question: Question) -> bool:
    """Whether this is a question of the practice world, with its own prompts, rubric and sampling."""
    return bool(question.checks.get("practice"))
