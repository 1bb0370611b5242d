"""Replay: the base model's own answers to unrelated prompts, trained along so that its other skills stay."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.domain.seeds import derive_seed
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec, Encoded
from lorastudio.worker.generation import Generator, run_all
from lorastudio.worker.sampling import SampleRequest
from lorastudio.worker.slots import plan_slots

MAX_ANSWER_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Replay:
    """The rows to replay and how many go into a step."""

    rows: tuple[Encoded, ...]
    per_step: int

    def rows_of(self, step: int, seed: int) -> list[Encoded]:
        """The rows of one step: drawn without replacement, from the seed and the step alone."""
        if not self.rows:
            return []
        rng = random.Random(derive_seed("replay", seed, step))
        return rng.sample(self.rows, min(self.per_step, len(self.rows)))


NO_REPLAY = Replay((), 0)


def distil_replay(
    base: BaseModel, codec: ChatCodec, prompts: Sequence[str], per_step: int, max_length: int, cancel: CancelToken
) -> Replay:
    """The base's greedy answers to the prompts. Answers that it does not end by itself are not used."""
    if per_step == 0 or not prompts:
        return NO_REPLAY
    encoded = [codec.encode_prompt(user(prompt)) for prompt in prompts]
    room = [min(MAX_ANSWER_TOKENS, max_length - len(prompt) - 1) for prompt in encoded]
    requests = [SampleRequest(ids, max_tokens=tokens) for ids, tokens in zip(encoded, room, strict=True) if tokens > 0]
    rows = []
    for answer in run_all(Generator(codec, base.model, plan_slots(base)), requests, cancel):
        if answer.finish_reason == "stop" and answer.ids:
            rows.append(Encoded(answer.request.prompt, (*answer.ids, answer.end_id)))
    return Replay(tuple(rows), per_step)
