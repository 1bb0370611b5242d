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
    generator: Generator, codec: ChatCodec, prompts: Sequence[str], context_length: int, cancel: CancelToken
) -> list[dict[str, Any]]:
    """For each prompt: greedy `ids` (without the end token), `finish_reason`, and `first`, the likeliest first
    tokens with their log-probabilities. Prompts that leave no room for an answer in the context are left out.

    Made by the engine's own generator, with the settings a probe can ask the engine for: temperature 0,
    max_tokens 16, logprobs with top_logprobs 5.
    """
    encoded = {prompt: codec.encode_prompt(user(prompt)) for prompt in prompts}
    requests = {
        prompt: SampleRequest(tokens, max_tokens=GOLDEN_TOKENS, top_logprobs=GOLDEN_TOP)
        for prompt, tokens in encoded.items()
        if len(tokens) + GOLDEN_TOKENS <= context_length
    }
    answers = {id(answer.request): answer for answer in run_all(generator, list(requests.values()), cancel)}
    records = []
    for prompt, request in requests.items():
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
