"""Drafts that people keep as files of their own: one folder for each question, a file for each draft.

FOLDER/why-is-the-sky-blue/question.md      the question: a text, or JSON with "question" or "prompt"
FOLDER/why-is-the-sky-blue/draft-1.md       text, Markdown (a head of `score: 0.7` between `---`), or JSON
FOLDER/why-is-the-sky-blue/draft-2.json     {"text": …, "score": 0.9}
FOLDER/…/best.md, good.txt, bad.txt …       names tell too which draft is better

Where all drafts have a score, pairs come as from a cycle. Where names tell (best, final, good; bad, worst, rejected),
these decide. Else the last draft is set against the first one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lorastudio.datasets.drafts_folder import DraftedQuestion
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.groups import group_of
from lorastudio.datasets.language import detect_language
from lorastudio.datasets.pieces import MAX_ROW_BYTES, TOO_LONG
from lorastudio.datasets.rows import BadRow, Refusal, clean_row
from lorastudio.domain.draft import Critique, Draft, DraftState, Question, QuestionState
from lorastudio.domain.messages import user

_SUFFIXES = (".txt", ".md", ".markdown", ".json")
_QUESTION = re.compile(r"(question|prompt|task|pergunta|enunciado)$", re.IGNORECASE)
_DRAFT = re.compile(r"(draft|version|iteration|rascunho|vers[aã]o|v)[ _-]*\d+$", re.IGNORECASE)
_BETTER = re.compile(r"(best|final|good|chosen|melhor|boa)\b", re.IGNORECASE)
_WORSE = re.compile(r"(bad|worse|worst|rejected|pior|m[aá]|ruim)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)")
_HEAD = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*\n", re.DOTALL)
_TEXTS = ("text", "draft", "content", "answer", "response", "completion")
_QUESTIONS = ("question", "prompt", "instruction", "task")
_MOST_PAIRS = 3


@dataclass(frozen=True, slots=True)
class _File:
    """A draft as it stands in its file."""

    name: str
    text: str
    score: float | None
    question: str | None


class ComparedDrafts(NamedTuple):
    """A good and a bad draft; `by_order` where nothing but their order told which is which."""

    example: Example
    by_order: bool


class _UnreadableError(Exception):
    """`str()` says which file, and why."""


def is_loose_drafts(folder: Path) -> bool:
    """Whether a folder holds one folder for each question, with drafts in it (or is itself one of those)."""
    if not folder.is_dir():
        return False
    inside = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    if inside and all(path.is_dir() for path in inside):
        return any(_is_question_folder(path) for path in inside)
    return _is_question_folder(folder)


def read_loose_drafts(folder: Path) -> Iterator[DraftedQuestion | ComparedDrafts | Refusal]:
    """What every question's drafts give: scored drafts, ready examples, or why there are none (line 0)."""
    inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    for number, own in enumerate(inside or [folder], 1):
        try:
            yield from _read_question(own, number)
        except (OSError, _UnreadableError, RowError) as error:
            yield Refusal(0, f"{own.name}: {error}")


def _is_question_folder(folder: Path) -> bool:
    names = [path.stem for path in folder.iterdir() if path.is_file() and path.suffix.lower() in _SUFFIXES]
    drafts = sum(bool(_DRAFT.match(name) or _BETTER.match(name) or _WORSE.match(name)) for name in names)
    return drafts >= 2 or (len(names) > 1 and any(_QUESTION.match(name) for name in names))


def _read_question(own: Path, number: int) -> Iterator[DraftedQuestion | ComparedDrafts]:
    files = [path for path in own.iterdir() if path.is_file() and path.suffix.lower() in _SUFFIXES]
    asked = [_read(path) for path in files if _QUESTION.match(path.stem)]
    drafts = [_read(path) for path in sorted(files, key=_natural) if not _QUESTION.match(path.stem)]
    texts = [found.question or found.text for found in asked] + [found.question for found in drafts if found.question]
    if not texts:
        raise _UnreadableError("has no question: no file is called question, and no draft holds one")
    if len(drafts) < 2:
        raise _UnreadableError("has fewer than two drafts")
    if all(draft.score is not None for draft in drafts):
        yield _scored(texts[0], drafts, number)
        return
    named = _compared_by_name(drafts)
    for good, bad in named or [(drafts[-1].text, drafts[0].text)]:
        yield ComparedDrafts(Example(user(texts[0]), good, bad), by_order=not named)


def _compared_by_name(drafts: list[_File]) -> list[tuple[str, str]]:
    """Which text is better than which by the files' names; nothing where no name tells."""
    good = [draft.text for draft in drafts if _BETTER.match(draft.name)]
    worse = [draft.text for draft in drafts if _WORSE.match(draft.name)]
    if not good and not worse:
        return []
    others = [draft.text for draft in drafts if not _BETTER.match(draft.name) and not _WORSE.match(draft.name)]
    best = good[-1] if good else others[-1] if others else None
    low = worse or others
    if best is None or not low:
        raise _UnreadableError("has no good draft beside a bad one")
    return [(best, text) for text in low[:_MOST_PAIRS]]


def _scored(asked: str, drafts: list[_File], number: int) -> DraftedQuestion:
    question = Question(
        id=number,
        cycle_id=1,
        position=number,
        text=asked,
        group=group_of(asked),
        language=detect_language(drafts[-1].text),
        state=QuestionState.DONE,
    )
    made = [Draft(place, number, place, file.text, DraftState.FINISHED) for place, file in enumerate(drafts, 1)]
    judged = {place: Critique(place, place, file.score, 0.0, {}, (), False) for place, file in enumerate(drafts, 1)}
    return DraftedQuestion(question, tuple(made), judged)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Draft 2 before draft 10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in _NUMBER.split(path.name.casefold())]


def _read(path: Path) -> _File:
    if path.stat().st_size > MAX_ROW_BYTES:
        raise _UnreadableError(f"{path.name} {TOO_LONG}")
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        record = json.loads(text) if path.suffix.lower() == ".json" else _with_head(text)
        values = clean_row(0, record).values
    except (ValueError, RecursionError, BadRow) as error:
        raise _UnreadableError(f"{path.name} can't be read: {error}") from error
    return _File(path.stem, _text(values, _TEXTS) or "", _score(values.get("score")), _text(values, _QUESTIONS))


def _with_head(text: str) -> dict[str, Any]:
    """A text, and what the lines of its head say."""
    head = _HEAD.match(text)
    if head is None:
        return {"text": text.strip("\n")}
    said = (line.partition(":") for line in head.group(1).split("\n"))
    return {name.strip().lower(): value.strip() for name, _, value in said} | {"text": text[head.end() :].strip("\n")}


def _text(values: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((values[name] for name in names if isinstance(values.get(name), str) and values[name].strip()), None)


def _score(value: Any) -> float | None:
    """A score from 0 to 1; other scales are no scores, since nobody says what they run to."""
    try:
        score = float(value)
    except (TypeError, ValueError):
        return None
    return score if 0.0 <= score <= 1.0 else None
