"""The judge of the gate, where questions have no checks in code: the critic's server, asked in both orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import Preference
from lorastudio.domain.endpoint import Role, Sampling
from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Conversation
from lorastudio.domain.seeds import derive_seed
from lorastudio.endpoints.structured import Ladder
from lorastudio.services.drafting.judge import judge_pair
from lorastudio.services.gate_evidence import Judge
from lorastudio.services.servers import LocalServers, endpoint_for
from lorastudio.store.library import Library

SAME_AS_CRITIC = "The judge is the critic that the drafts were written for: it may prefer what it has taught."
MAX_TOKENS = 256
POINTS = {Preference.FIRST: 1, Preference.SECOND: -1}


def judge_for(library: Library, servers: LocalServers, cancel: CancelToken) -> Judge | None:
    """A judge over the critic's endpoint; None when no critic is set up. Unreadable judgements count as ties."""
    try:
        name = endpoint_for(library, Role.CRITIC).name
    except KnownError:
        return None
    ladder = Ladder()

    def compare(question: str, answer: str, other: str, seed: int) -> int:
        def ask(messages: Conversation, response_format: Mapping[str, Any] | None, attempt: int) -> str:
            sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS, seed=derive_seed("judge", seed, attempt))
            return servers.client(name).complete(messages, sampling, response_format, cancel).text

        return POINTS.get(judge_pair(ask, question, answer, other, ladder).preference, 0)

    return Judge(compare, SAME_AS_CRITIC)
