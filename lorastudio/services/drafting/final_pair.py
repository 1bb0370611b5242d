"""The final pair of a question: its best draft against the one it is most worth comparing with, in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lorastudio.domain.draft import CallPurpose, Cycle, Judgement, Preference, Question
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.messages import Conversation
from lorastudio.domain.seeds import derive_seed
from lorastudio.endpoints.structured import Ladder
from lorastudio.services.drafting.calls import Asked, Journal
from lorastudio.services.drafting.judge import judge_pair
from lorastudio.services.drafting.stopping import Round
from lorastudio.store.judgements import add_judgement, get_judgement
from lorastudio.store.library import Library

JUDGE_MAX_TOKENS = 256
_AGREEMENT = {Preference.FIRST: 1.0, Preference.TIE: 0.5, Preference.SECOND: 0.0}


class FinalJudge:
    """Compares the drafts of one cycle with the critic's endpoint as judge. Safe to use from several threads."""

    def __init__(self, library: Library, cycle: Cycle, journal: Journal, ladder: Ladder) -> None:
        self._library = library
        self._cycle = cycle
        self._journal = journal
        self._ladder = ladder

    def compare(self, question: Question, rounds: Sequence[Round], best: Round) -> Judgement | None:
        """The verdict on the best draft and its counterpart, as the library has it or from the judge; None when
        no draft is worse than the best. Raises what `Journal.ask` raises."""
        known = get_judgement(self._library, question.id)
        if known is not None:
            return known
        other = counterpart(rounds, best)
        if other is None:
            return None
        call_ids: list[int] = []

        def ask(messages: Conversation, response_format: Mapping[str, Any] | None, attempt: int) -> str:
            asked = Asked(
                question=question,
                iteration=best.draft.iteration,
                purpose=CallPurpose.JUDGE,
                index=str(attempt),
                endpoint=self._cycle.critic,
                messages=messages,
                sampling=Sampling(
                    temperature=0.0,
                    max_tokens=JUDGE_MAX_TOKENS,
                    seed=derive_seed(self._cycle.seed, question.position, CallPurpose.JUDGE.value, attempt),
                ),
                response_format=response_format,
            )
            call = self._journal.ask(asked)
            call_ids.append(call.id)
            return call.answer

        told = judge_pair(ask, question.text, best.draft.text, other.draft.text, self._ladder)
        judgement = Judgement(question.id, best.draft.id, other.draft.id, told.preference)
        add_judgement(self._library, judgement, call_ids)
        return judgement


def counterpart(rounds: Sequence[Round], best: Round) -> Round | None:
    """The first draft where it scored lower than the best one, else the lowest; None when none is lower."""
    lower = [item for item in rounds if item.score is not None and item.score < (best.score or 0.0)]
    if not lower:
        return None
    return lower[0] if lower[0] is rounds[0] else min(lower, key=lambda item: item.score or 0.0)


def agreement_of(judgement: Judgement | None) -> float | None:
    """How far the two orders agree that the best draft is better: 1, 0.5 for a tie, 0 when they see it the other
    way round; None when nobody judged or no judgement could be read."""
    return None if judgement is None else _AGREEMENT.get(judgement.preference)
