"""Diagnostics are for reports that others read: no secret may be in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorastudio.bridge.requests.diagnostics import collect, without_secrets


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop1234",
        "hf_abcdefghijklmnopqrst",
        "Authorization: Bearer abcdef.ghijkl",
        'api_key="verysecretvalue"',
        "http://me:hunter2@example.org/v1",
        "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
    ],
)
def test_secrets_are_taken_out(secret: str) -> None:
    words = without_secrets(f"before {secret} after")
    assert words.startswith("before ") and words.endswith(" after")
    for part in ("abcdefghijklmnop", "abcdef.ghijkl", "verysecretvalue", "hunter2", "Zm9vYmFy"):
        assert part not in words


def test_the_ends_of_the_logs_and_the_work_are_in_it(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_text("x" * 100_000 + "\nlast words")
    words = collect(tmp_path, ["Training run 7: failed"])
    assert "Training run 7: failed" in words and words.endswith("last words") and len(words) < 70_000
