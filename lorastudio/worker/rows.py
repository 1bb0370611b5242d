"""Training rows: read from JSON lines, encoded, and sorted into those that are used and those left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorastudio.domain.errors import KnownError, TrainingError
from lorastudio.domain.messages import Conversation, from_records
from lorastudio.training.config import Objective
from lorastudio.worker.conversations import ChatCodec, Encoded, NotTrainable


@dataclass(frozen=True, slots=True)
class TrainRow:
    """One encoded row; at least one of its answers is there.

    `good` alone is an example to imitate, `bad` alone one to avoid (KTO), both together a pair.
    """

    row_id: int
    good: Encoded | None
    bad: Encoded | None

    def __len__(self) -> int:
        return max(len(self.good or ()), len(self.bad or ()))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is not used, and why."""

    row_id: int
    reason: str

    def as_record(self) -> dict[str, Any]:
        return {"id": self.row_id, "reason": self.reason}


def read_rows(
    file: Path, codec: ChatCodec, objective: Objective, max_length: int
) -> tuple[list[TrainRow], list[LeftOut]]:
    """The rows of a file that the objective can use, in order, and the others with their reasons.

    SFT reads good answers alone; DPO, IPO and SimPO use pairs; DPO+NLL, CPO and ORPO also rows with only a good
    answer, through their NLL term; KTO takes good and bad answers each by itself. A row of which one answer
    can't be used is left out as a whole. Nothing is ever cut to fit `max_length` tokens, prompt and answer together.
    """
    used: list[TrainRow] = []
    left_out: list[LeftOut] = []
    for record in read_json_lines(file):
        row_id = int(record["id"])
        try:
            used.append(_encode(row_id, record, codec, objective, max_length))
        except KnownError as error:
            left_out.append(LeftOut(row_id, error.message))
    return used, left_out


def most_answers_hold(file: Path, mark: str) -> bool:
    """Whether more than half of the good answers in a file hold a text."""
    answers = [record["good"] for record in read_json_lines(file) if record.get("good")]
    return 2 * sum(mark in answer for answer in answers) > len(answers)


def read_json_lines(file: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON lines file; TrainingError that names the first unreadable line."""
    if not file.is_file():
        raise TrainingError(f"The file {file} is missing.")
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise TrainingError(f"Line {number} of {file} is no JSON: {error}") from error
            if not isinstance(record, dict):
                raise TrainingError(f"Line {number} of {file} is no JSON object.")
            yield record


def _encode(row_id: int, record: dict[str, Any], codec: ChatCodec, objective: Objective, max_length: int) -> TrainRow:
    prompt = from_records(record["prompt"])
    good: str | None = record.get("good")
    bad: str | None = None if objective is Objective.SFT else record.get("bad")
    if good is None and objective is not Objective.KTO:
        raise NotTrainable("there is no good answer")
    if bad is None and objective.needs_pairs:
        raise NotTrainable("there is no bad answer to prefer the good one to")
    if good is None and bad is None:
        raise NotTrainable("there is no answer")
    return TrainRow(
        row_id,
        None if good is None else _encode_answer(codec, prompt, good, max_length),
        None if bad is None else _encode_answer(codec, prompt, bad, max_length),
    )


def _encode_answer(codec: ChatCodec, prompt: Conversation, answer: str, max_length: int) -> Encoded:
    encoded = codec.encode_answer(prompt, answer)
    if len(encoded) > max_length:
        raise NotTrainable(f"longer than {max_length} tokens, prompt and answer together")
    return encoded
