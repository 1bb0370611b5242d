from __future__ import annotations

from typing import Any

import pytest

from lorastudio.worker.step_throttle import StepThrottle
from tests.worker.train_orders import steps_in


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def step(number: int) -> dict[str, Any]:
    return {"type": "step", "step": number}


def test_a_thousand_steps_a_second_are_ten_messages_and_none_is_lost() -> None:
    sent: list[dict[str, Any]] = []
    clock = Clock()
    with StepThrottle(sent.append, 0.1, clock) as report:
        for number in range(1, 1001):
            report(step(number))
            clock.now_s += 0.001
    assert 10 <= len(sent) <= 12
    assert sent[0] == step(1)  # the first is not held back
    assert [record["step"] for message in sent for record in steps_in(message)] == list(range(1, 1001))


def test_slow_steps_travel_alone() -> None:
    sent: list[dict[str, Any]] = []
    clock = Clock()
    with StepThrottle(sent.append, 0.1, clock) as report:
        for number in range(1, 4):
            report(step(number))
            clock.now_s += 0.5
    assert sent == [step(1), step(2), step(3)]


def test_other_messages_keep_their_place_and_an_end_in_error_loses_nothing() -> None:
    sent: list[dict[str, Any]] = []
    saved = {"type": "saved", "step": 2}
    with pytest.raises(InterruptedError), StepThrottle(sent.append, 0.1, Clock()) as report:
        for message in (step(1), step(2), saved, step(3), step(4)):
            report(message)
        raise InterruptedError
    assert sent == [step(1), step(2), saved, {**step(4), "earlier": [step(3)]}]
