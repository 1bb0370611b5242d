"""`train --plan` and the options around memory, in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.services.practice_versions import practice_rows


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    records = [{"prompt": row["prompt"][-1]["content"], "completion": row["good"]} for row in practice_rows(12)]
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


def test_a_plan_tells_its_parts_and_trains_nothing(call: Call, rows: Path) -> None:
    plan = call("train", "--plan", "--base", "practice", "--from", rows).record
    assert (plan["event"], plan["run"]) == ("plan", 0)
    figures = plan["figures"]
    assert sum(figures["parts"].values()) == figures["estimate_bytes"]
    assert (figures["verdict"], figures["changes"]) == ("fits", [])
    assert call("runs").record == {"runs": []}


def test_there_is_nothing_to_make_safer_in_an_empty_library(call: Call) -> None:
    refused = call("resume", "--safer")
    assert refused.code == 1
    assert "no unfinished run" in refused.record["error"]["message"]
