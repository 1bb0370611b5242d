"""The final pair: compared in both orders through the journal, and what the judge says lowers the pair's confidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import CallPurpose, Critique, Draft, DraftState, Preference
from lorastudio.domain.drafting_events import FinalPairJudged, QuestionFinished
from lorastudio.domain.events import Warned
from lorastudio.domain.fencing import unfence
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.services.drafting.final_pair import counterpart
from lorastudio.services.drafting.stopping import Round
from lorastudio.services.extraction import extract_cycle
from lorastudio.store.calls import list_calls
from lorastudio.store.judgements import get_judgement
from lorastudio.store.pairs import list_pairs
from lorastudio.store.questions import NewQuestion
from tests.servers import Reply, Request, refusal, scripted, stream
from tests.services.drafting.world import FixedServers, cycle_of, open_library

NAMES = ("correct", "complete", "clear", "sourced", "register")
ASKED = [NewQuestion("Why is the sky blue?", "sky", "en")]


def write(request: Request) -> Reply:
    return stream(f"Answer {request.index}: {'because ' * (request.index + 1)}of scattering by the air.")


class Critic:
    """Scores rise from draft to draft; as judge it answers by `order`, for the best draft first and second."""

    def __init__(self, *order: str) -> None:
        self.order = order

    def __call__(self, request: Request) -> Reply:
        told = request.body["messages"][0]["content"]
        first = unfence(told, "answer-a")
        if first is None:
            return stream(json.dumps({"scores": dict.fromkeys(NAMES, min(4, 2 * request.index)), "issues": []}))
        if not self.order:
            return refusal(401, "no such key")
        return stream(json.dumps({"winner": self.order[0 if first.startswith("Answer 2") else 1]}))


@pytest.mark.parametrize(
    ("order", "preference", "most"),
    [
        (("a", "b"), Preference.FIRST, 0.99),
        (("a", "a"), Preference.TIE, 0.5),
        (("b", "a"), Preference.SECOND, 0.0),
        (("x", "x"), Preference.NONE, 0.99),
    ],
)
def test_agreement_counts_in_the_pairs_confidence(
    tmp_path: Path, order: tuple[str, str], preference: Preference, most: float
) -> None:
    with open_library(tmp_path) as library, scripted(write) as writer, scripted(Critic(*order)) as critic:
        cycle = cycle_of(library, ASKED, judge_final=True)
        servers = FixedServers(writer.url, critic.url)
        told = list(draft_cycle(library, cycle.id, servers, CancelToken()))
        (judged,) = (event for event in told if isinstance(event, FinalPairJudged))
        assert judged.preference is preference
        judgement = get_judgement(library, judged.question_id)
        assert judgement is not None and judgement.preference is preference
        calls = [call for call in list_calls(library) if call.purpose is CallPurpose.JUDGE]
        assert len(calls) == (4 if preference is Preference.NONE else 2)
        extract_cycle(library, cycle.id)
        pairs = list_pairs(library)
    # The judge changes the confidence of pairs, never which draft is best.
    assert {pair.good_draft_id for pair in pairs} == {judged.best_draft_id}
    assert {pair.confidence for pair in pairs} == {most}


def test_a_judge_that_fails_is_told_of_and_fails_no_question(tmp_path: Path) -> None:
    with open_library(tmp_path) as library, scripted(write) as writer, scripted(Critic()) as critic:
        cycle = cycle_of(library, ASKED, judge_final=True)
        told = list(draft_cycle(library, cycle.id, FixedServers(writer.url, critic.url), CancelToken()))
    (finished,) = (event for event in told if isinstance(event, QuestionFinished))
    assert finished.best_score == 1.0
    (warning,) = (event for event in told if isinstance(event, Warned))
    assert "no such key" in warning.message


def rounds_of(*scores: float | None) -> list[Round]:
    return [
        Round(
            Draft(place, 1, place, f"draft {place}", DraftState.FINISHED),
            None if score is None else Critique(place, place, score, 0.0, {}, ()),
        )
        for place, score in enumerate(scores, 1)
    ]


@pytest.mark.parametrize(
    ("scores", "best", "other"),
    [
        ((0.5, 0.2, 1.0), 2, 0),  # the first one where it is lower
        ((None, 0.5, 0.2, 1.0), 3, 2),  # else the lowest
        ((1.0, 0.5, 0.2), 0, 2),
        ((0.5, 0.5), 0, None),
        ((1.0,), 0, None),
    ],
)
def test_what_the_best_draft_is_compared_with(scores: tuple[float | None, ...], best: int, other: int | None) -> None:
    rounds = rounds_of(*scores)
    assert counterpart(rounds, rounds[best]) is (None if other is None else rounds[other])
