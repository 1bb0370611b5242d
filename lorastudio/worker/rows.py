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
    """One encoded row. `bad` is None for an example without a counterpart."""

    row_id: int
    good: Encoded
    bad: Encoded | None

    def __len__(self) -> int:
        return max(len(self.good), len(self.bad or ()))


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

    DPO uses pairs only; DPO+NLL uses a row with only a good answer through its NLL term; SFT reads good
    answers alone. Nothing is ever cut to fit `max_length` tokens.
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
    bad: str | None = record.get("bad")
    if good is None:
        raise NotTrainable("there is no good answer")
    if bad is None and objective is Objective.DPO:
        raise NotTrainable("there is no bad answer to prefer the good one to")
    return TrainRow(
        row_id,
        _encode_answer(codec, prompt, good, max_length),
        None if bad is None or objective is Objective.SFT else _encode_answer(codec, prompt, bad, max_length),
    )


def _encode_answer(codec: ChatCodec, prompt: Conversation, answer: str, max_length: int) -> Encoded:
    encoded = codec.encode_answer(prompt, answer)
    if len(encoded) > max_length:
        raise NotTrainable(f"too long: {len(encoded)} tokens, at most {max_length} are trained on")
    return encoded
