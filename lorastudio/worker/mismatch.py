"""Answers under prompts that they don't belong to: what KTO measures its zero point by."""

from __future__ import annotations

from collections.abc import Sequence

from lorastudio.worker.conversations import Encoded
from lorastudio.worker.rows import TrainRow


def answers_of(row: TrainRow) -> list[Encoded]:
    """The answers that a row has, the good one first."""
    return [answer for answer in (row.good, row.bad) if answer is not None]


def mismatched_answers(rows: Sequence[TrainRow], max_length: int) -> dict[int, Encoded]:
    """For each row (by id) its prompt with the answer of the next row that has another prompt.

    Ethayarajh et al. 2024, https://arxiv.org/abs/2402.01306, section 4.1, shift answers within a batch; a partner
    that is fixed for the whole run makes its reference worth keeping. A row is left out where every partner's answer
    would make it longer than `max_length` tokens.
    """
    mismatched: dict[int, Encoded] = {}
    for index, row in enumerate(rows):
        prompt = answers_of(row)[0].prompt
        for shift in range(1, len(rows)):
            other = answers_of(rows[(index + shift) % len(rows)])[0]
            if other.prompt != prompt and len(prompt) + len(other.answer) <= max_length:
                mismatched[row.row_id] = Encoded(prompt, other.answer)
                break
    return mismatched
