from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import Preference
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.fencing import unfence
from lorastudio.domain.messages import Conversation
from lorastudio.endpoints.structured import plain_ask
from lorastudio.practice.hosting import hosted
from lorastudio.practice.questions import preference_pairs
from lorastudio.practice.server import create_app
from lorastudio.services.drafting.judge import SECOND_ORDER, judge_pair
from tests.endpoints.clients import client_for


def test_the_practice_judge_names_the_better_answer_in_both_orders() -> None:
    pair = preference_pairs(1)[0]
    with hosted(create_app()) as url:
        ask = plain_ask(client_for(url), Sampling(seed=1), CancelToken())
        assert judge_pair(ask, pair.prompt, pair.good, pair.bad).preference is Preference.FIRST
        assert judge_pair(ask, pair.prompt, pair.bad, pair.good).preference is Preference.SECOND
        assert judge_pair(ask, pair.prompt, pair.good, pair.good).preference is Preference.TIE


@pytest.mark.parametrize(
    ("answers", "preference"),
    [
        (("a", "a"), Preference.TIE),  # the judge likes whatever stands first
        (("b", "b"), Preference.TIE),
        (("a", "tie"), Preference.TIE),
        (("A ", "b"), Preference.FIRST),
        (("b", "a"), Preference.SECOND),
        (("a", "?"), Preference.NONE),
    ],
)
def test_only_agreement_is_a_win(answers: tuple[str, str], preference: Preference) -> None:
    attempts: list[int] = []

    def ask(messages: Conversation, response_format: Mapping[str, Any] | None, attempt: int) -> str:
        attempts.append(attempt)
        first = unfence(messages[0].content, "answer-a") == "one"
        return json.dumps({"winner": answers[0 if first else 1]})

    judgement = judge_pair(ask, "Which?", "one", "two")
    assert judgement.preference is preference
    assert judgement.agreed is (preference in (Preference.FIRST, Preference.SECOND))
    assert attempts[:2] == [0, SECOND_ORDER]
