"""Answers to a few development prompts, made again at every evaluation, so that a person sees what a run does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import from_records
from lorastudio.worker.answer_quality import answer_quality
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.generation import Generator, run_all
from lorastudio.worker.rows import read_json_lines
from lorastudio.worker.sampling import SampleRequest
from lorastudio.worker.slots import SlotShape, plan_slots

LONGEST_ANSWER_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Sample:
    """An answer to the last turn of a development row's prompt. `quality` is that of `answer_quality`."""

    id: int
    prompt: str
    answer: str
    finish_reason: str
    quality: float

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Sampler:
    """Asks a model the same prompts each time, greedily: what differs between two evaluations is what was learnt.

    `rows` are development rows as their file has them, each with a prompt and a good answer.
    """

    codec: ChatCodec
    plan: tuple[SlotShape, ...]
    rows: tuple[dict[str, Any], ...]
    context_length: int

    def samples(self, model: Any, cancel: CancelToken) -> list[Sample]:
        """One for each row whose prompt leaves room for an answer; raises `Cancelled` between two tokens."""
        wanted = {row["id"]: request for row in self.rows if (request := self._request(row)) is not None}
        # A generator remembers what it has read, and the model has learnt since.
        generator = Generator(self.codec, model, self.plan)
        answers = {id(answer.request): answer for answer in run_all(generator, list(wanted.values()), cancel)}
        found = []
        for row in self.rows:
            if row["id"] in wanted:
                answer = answers[id(wanted[row["id"]])]
                question = row["prompt"][-1]["content"]
                quality = answer_quality(question, answer.text, row["good"])
                found.append(Sample(row["id"], question, answer.text, str(answer.finish_reason), quality))
        return found

    def _request(self, row: dict[str, Any]) -> SampleRequest | None:
        prompt = self.codec.encode_prompt(from_records(row["prompt"]))
        room = min(LONGEST_ANSWER_TOKENS, self.context_length - len(prompt))
        return SampleRequest(prompt, max_tokens=room) if room > 0 else None


def choose_sampler(base: BaseModel, codec: ChatCodec, file: Path, usable: Collection[int], count: int) -> Sampler:
    """A sampler of `count` rows at even distances among the usable ones of a file that have a good answer.

    `usable` are the ids of the rows that the run is watched on. There may be fewer.
    """
    rows = [row for row in read_json_lines(file) if row["id"] in usable and row.get("good")] if count else []
    taken = min(count, len(rows))
    chosen = tuple(rows[number * len(rows) // taken] for number in range(taken))
    return Sampler(codec, plan_slots(base) if chosen else (), chosen, base.context_length)
