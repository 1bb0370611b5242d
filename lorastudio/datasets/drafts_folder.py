"""All drafts as files: one folder for each question, each draft a text with its critique beside it.

FOLDER/lorastudio-drafts.json
FOLDER/cycle-001-question-0003/question.json
FOLDER/cycle-001-question-0003/draft-01.txt    the text, byte for byte
FOLDER/cycle-001-question-0003/draft-01.json   iteration, state, score, spread, scores, issues
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorastudio.datasets.rows import Refusal
from lorastudio.domain.draft import Critique, Draft, DraftState, Issue, Question, QuestionState, StopReason
from lorastudio.domain.events import as_json
from lorastudio.domain.files import fsync_file

MARKER = "lorastudio-drafts.json"
FORMAT = "drafts folder"
LAYOUT = 1
_QUESTION_FILE = "question.json"


@dataclass(frozen=True, slots=True)
class DraftedQuestion:
    """A question with all its drafts in order and their critiques by draft id."""

    question: Question
    drafts: tuple[Draft, ...]
    critiques: Mapping[int, Critique]


def write_marker(folder: Path) -> None:
    """Say that `folder` is one of ours."""
    _write_json(folder / MARKER, {"format": FORMAT, "layout": LAYOUT})


def write_question(folder: Path, drafted: DraftedQuestion) -> None:
    """Write one question as a new folder inside `folder`. OSError passes through."""
    question = drafted.question
    own = folder / f"cycle-{question.cycle_id:03d}-question-{question.position:04d}"
    own.mkdir()
    _write_json(own / _QUESTION_FILE, as_json(question))
    for number, draft in enumerate(drafted.drafts, 1):
        text = own / f"draft-{number:02d}.txt"
        text.write_bytes(draft.text.encode("utf-8", "surrogatepass"))
        fsync_file(text)
        critique = drafted.critiques.get(draft.id)
        _write_json(
            text.with_suffix(".json"),
            {
                "iteration": draft.iteration,
                "state": draft.state.value,
                "reasoning": draft.reasoning,
                "critique": None if critique is None else _as_record(critique),
            },
        )


def is_drafts_folder(folder: Path) -> bool:
    """Whether `folder` was written by `write_marker` and `write_question`."""
    return (folder / MARKER).is_file()


def read_drafts_folder(folder: Path) -> Iterator[DraftedQuestion | Refusal]:
    """Every question by name of its folder, or why it can't be read (line 0). Ids count from 1 in this folder."""
    for number, own in enumerate(sorted(path for path in folder.iterdir() if path.is_dir()), 1):
        try:
            yield _read_question(own, number)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            yield Refusal(0, f"{own.name}: can't be read ({type(error).__name__}: {error})")


def _read_question(own: Path, number: int) -> DraftedQuestion:
    record = _read_json(own / _QUESTION_FILE)
    reason = record.get("stop_reason")
    question = Question(
        id=number,
        cycle_id=int(record["cycle_id"]),
        position=int(record["position"]),
        text=_text(record["text"]),
        group=_text(record["group"]),
        language=_text(record["language"]),
        state=QuestionState(record["state"]),
        stop_reason=None if reason is None else StopReason(reason),
        checks=dict(record["checks"]),
    )
    drafts, critiques = [], {}
    for draft_id, path in enumerate(sorted(own.glob("draft-*.txt")), 1):
        beside = _read_json(path.with_suffix(".json"))
        text = path.read_bytes().decode("utf-8")
        state = DraftState(beside["state"])
        drafts.append(Draft(draft_id, number, int(beside["iteration"]), text, state, _text(beside["reasoning"])))
        if beside["critique"] is not None:
            critiques[draft_id] = _read_critique(draft_id, beside["critique"])
    return DraftedQuestion(question, tuple(drafts), critiques)


def _as_record(critique: Critique) -> dict[str, Any]:
    record: dict[str, Any] = as_json(critique)
    return {name: value for name, value in record.items() if name not in ("id", "draft_id")}


def _read_critique(draft_id: int, record: dict[str, Any]) -> Critique:
    score = record["score"]
    return Critique(
        id=draft_id,
        draft_id=draft_id,
        score=None if score is None else float(score),
        spread=float(record["spread"]),
        scores={str(name): float(value) for name, value in record["scores"].items()},
        issues=tuple(Issue(**issue) for issue in record["issues"]),
        abstained=bool(record["abstained"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _read_json(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_bytes())
    if not isinstance(value, dict):
        raise TypeError(f"{path.name} holds no JSON object")
    return value


def _write_json(path: Path, record: Mapping[str, Any]) -> None:
    path.write_bytes(json.dumps(record, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass") + b"\n")
    fsync_file(path)
