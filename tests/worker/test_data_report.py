from __future__ import annotations

from lorastudio.worker.conversations import Encoded
from lorastudio.worker.data_report import data_report
from lorastudio.worker.rows import LeftOut, TrainRow
from lorastudio.worker.thinking import ThinkingSwitch


def answer(prompt: int, tokens: int) -> Encoded:
    return Encoded((1,) * prompt, (2,) * tokens)


def test_tokens_are_counted_by_text_and_rows_left_out_are_listed_by_reason() -> None:
    pairs = [TrainRow(number, answer(number, 2 * number), answer(number, 1)) for number in range(1, 21)]
    lone = TrainRow(30, None, answer(40, 7))
    left_out = [LeftOut(5, "rare"), LeftOut(7, "long"), LeftOut(3, "long")]
    report = data_report(
        {"train": ([*pairs, lone], left_out), "development": ([], [])}, ThinkingSwitch(enabled=True), 64
    )
    train = report["files"]["train"]
    assert (report["type"], report["max_length"], report["thinking"]["enabled"]) == ("data", 64, True)
    assert train["rows"] == 21
    assert train["good"] == {"count": 20, "min": 2, "median": 20, "p95": 38, "max": 40, "total": 420}
    assert train["bad"] == {"count": 21, "min": 1, "median": 1, "p95": 1, "max": 7, "total": 27}
    assert train["prompt"] == {"count": 21, "min": 1, "median": 11, "p95": 20, "max": 40, "total": 250}
    assert train["left_out"] == [{"reason": "long", "ids": [7, 3]}, {"reason": "rare", "ids": [5]}]
    assert report["files"]["development"] == {"rows": 0, "prompt": None, "good": None, "bad": None, "left_out": []}
