from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lorastudio.cli.data_words import data_words
from lorastudio.services.data_report import with_freezing
from lorastudio.services.freezing import freeze_file

TOKENS = {"count": 9, "min": 3, "median": 5, "p95": 11, "max": 12, "total": 50}
NOTHING: dict[str, Any] = {"rows": 0, "prompt": None, "good": None, "bad": None, "left_out": []}


def message(**train: Any) -> dict[str, Any]:
    files = {"train": NOTHING | train, "development": NOTHING, "heldout": NOTHING}
    return {"type": "data", "max_length": 64, "thinking": {"enabled": False, "closing": ""}, "files": files}


def test_the_report_holds_what_freezing_knew(tmp_path: Path) -> None:
    rows = [{"prompt": "Question?", "completion": "The answer is in the text."}] * 2
    (tmp_path / "f").write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"x": 1}]))
    freeze_file(tmp_path / "f", tmp_path)
    whole = with_freezing(tmp_path, message())
    assert whole["languages"]["train"] == {"en": 1}
    assert whole["not_frozen"] == [{"reason": "a duplicate", "ids": [2]}, {"reason": "refused at reading", "ids": [3]}]
    step = {"type": "step", "step": 1}
    assert with_freezing(tmp_path, step) == step


def test_the_report_in_words_names_what_is_left_out_and_counts_the_tokens() -> None:
    left_out = [{"reason": "longer than 64 tokens, prompt and answer together", "ids": list(range(10))}]
    figures = message(rows=9, prompt=TOKENS, good=TOKENS, left_out=left_out) | {
        "languages": {"train": {"pt": 4, "en": 15}},
        "not_frozen": [{"reason": "asked at the gate", "ids": [7]}],
    }
    tokens = "of 3 to 12 tokens (median 5, 95% within 11, 50 in all)"
    assert list(data_words(figures)) == [
        f"Training: 9 of 19 rows (15 en, 4 pt); prompts {tokens}, good answers {tokens}.",
        "Training, left out: 10 rows, longer than 64 tokens, prompt and answer together "
        "(0, 1, 2, 3, 4, 5, 6, 7 and 2 more; --json lists all).",
        "Set aside: 1 row, asked at the gate (7).",
    ]


def test_a_model_that_is_asked_to_think_is_said_so() -> None:
    figures = message(rows=9, prompt=TOKENS, good=TOKENS) | {"thinking": {"enabled": True, "closing": ""}}
    assert list(data_words(figures))[-1] == "The model is asked to think before it answers."
