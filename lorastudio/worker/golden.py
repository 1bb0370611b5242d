"""Golden prompts: what a version answered when it was made, for a deploy to compare with exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.generation import Generator, run_all
from lorastudio.worker.sampling import SampleRequest

GOLDEN_TOKENS = 16
GOLDEN_TOP = 5


def golden_answers(
    generator: Generator, codec: ChatCodec, prompts: Sequence[str], cancel: CancelToken
) -> list[dict[str, Any]]:
    """For each prompt: greedy `ids` (without the end token), `finish_reason`, and `first`, the likeliest first
    tokens with their log-probabilities.

    Made by the engine's own generator, with the settings a probe can ask the engine for: temperature 0,
    max_tokens 16, logprobs with top_logprobs 5.
    """
    requests = [
        SampleRequest(codec.encode_prompt(user(prompt)), max_tokens=GOLDEN_TOKENS, top_logprobs=GOLDEN_TOP)
        for prompt in prompts
    ]
    answers = {id(answer.request): answer for answer in run_all(generator, requests, cancel)}
    records = []
    for prompt, request in zip(prompts, requests, strict=True):
        answer = answers[id(request)]
        first = answer.log_probs[0].top if answer.log_probs else ()
        records.append(
            {
                "prompt": prompt,
                "ids": list(answer.ids),
                "finish_reason": answer.finish_reason,
                "first": [{"id": token, "logprob": logprob} for token, logprob in first],
            }
        )
    return records
