"""What the program says to clumsy use: one message with a hint, exit code 1 or 2, and nothing half done."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.paths import application_home
from lorastudio.services.serving import serve_token
from lorastudio.training.config import TrainConfig
from tests.cli.conftest import Call

TOO_LARGE = "9" * 30


def refusal(call: Call, *arguments: object, code: int) -> str:
    """The message and hint of a call that fails with `code`, the same in JSON and in words."""
    done = call(*arguments)
    assert done.code == code, done
    error = done.lines[-1]["error"]
    said = f"{error['message']} {error['hint']}".rstrip()
    assert done.err.endswith(f"{said}\n")
    return said


@pytest.mark.parametrize(
    "arguments",
    [
        "nosuch",
        "pairs --state gone",
        "pairs --limit 0",
        f"pairs history {TOO_LARGE}",
        "gate one",
        f"gate {TOO_LARGE}",
        "accept",
        "reject 1 --all-pending",
        "accept 1 --min-confidence 0.5",
        "edit 1",
        "edit 1 --good - --bad -",
        "cycle",
        "cycle --resume --abandon",
        "cycle What? --resume",
        "cycle What? --max-iterations 7",
        "verify",
        "verify What? --resume",
        "verify What? --method guess",
        "verify What? --patience 0",
        "verify What? --budget-usd nan",
        "verified show one",
        "verified export out.jsonl --min-confidence 2",
        "train --layers most",
        "train --layers 0",
        "train --alpha inf",
        "train --beta nan",
        "train --learning-rate 2",
        "train --objective guess",
        "deploy 1 --force",
        "deploy 1 --target moon",
        "model download practice",
        "endpoint add x --role boss --url localhost:1",
        "endpoint add a:b --role critic --url localhost:1",
        "endpoint add x --role critic --url ftp://localhost",
        "endpoint add x --role critic --url http://user:word@localhost:1",
    ],
)
def test_wrong_usage_ends_with_code_2(call: Call, arguments: str) -> None:
    said = refusal(call, *arguments.split(), code=2)
    assert "word" not in said
    assert not (application_home() / "versions").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("accept 7", "There is no pair 7"),
        ("undo", "nothing to undo"),
        ("resume", "no unfinished run"),
        ("resume 7", "There is no run 7"),
        ("cycle --resume", "no unfinished cycle"),
        ("cycle --questions /nowhere", "can't be read"),
        ("cycle Why?", "only knows its own questions"),
        ("train", "nothing to train on"),
        ("train --from /nowhere", "can't be read"),
        ("train --base /nowhere", "No base model is found"),
        ("train --base nobody/nothing", "keeps this program off the hub"),
        ("model use nobody/nothing", "keeps this program off the hub"),
        ("gate 7", "There is no version 7"),
        ("deploy 7", "There is no version 7"),
        ("endpoint test nobody", "no endpoint called nobody"),
        ("endpoint remove nobody", "no endpoint called nobody"),
        ("model info /nowhere", "No base model is found"),
        ("serve --port 0", "LORASTUDIO_TOKEN"),
        ("backup copy.db", "no library"),
        ("dataset /dev/null/x.jsonl", "can't be written"),
    ],
)
def test_what_can_not_be_done_ends_with_code_1_and_says_why(call: Call, arguments: str, words: str) -> None:
    assert words in refusal(call, *arguments.split(), code=1)
    assert not list(application_home().glob("runs/*"))


@pytest.mark.parametrize("verb", ["pairs", "runs", "versions", "stats", "ready", "gate-questions", "endpoint list"])
def test_listing_an_empty_library_creates_nothing(call: Call, verb: str) -> None:
    assert call(*verb.split()).code == 0
    assert not application_home().exists()


@pytest.mark.parametrize("verb", ["stats", "undo", "doctor"])
def test_a_file_is_no_home(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in refusal(call, verb, "--home", tmp_path / "file", code=2)
    monkeypatch.setenv("LORASTUDIO_HOME", str(tmp_path / "file" / "below"))
    assert "is a file" in refusal(call, verb, code=2)


def test_an_empty_name_is_not_the_present_folder(call: Call) -> None:
    assert "name is empty" in refusal(call, "stats", "--home", "", code=2)
    assert "name is empty" in refusal(call, "import", "", code=2)


def test_nothing_that_can_not_be_imported_is_passed_over_in_silence(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "archive.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "folder").mkdir()
    (tmp_path / "huge.jsonl").write_text(json.dumps({"prompt": "x" * 20_000_000, "completion": "y"}))
    (tmp_path / "deep.jsonl").write_text("[" * 100_000)
    os.mkfifo(tmp_path / "pipe")
    names = ("empty.jsonl", "archive.zip", "folder", "huge.jsonl", "deep.jsonl", "pipe", "none")
    done = call("import", *(tmp_path / name for name in names))
    assert done.code == 1
    assert done.record["pairs_added"] == 0
    assert [len(file["refused"]) for file in done.record["files"]] == [1] * len(names)
    assert call("pairs").record["pairs"] == []


def test_a_failure_of_the_system_is_told_and_its_details_are_kept(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    application_home().mkdir(parents=True)
    (application_home() / "logs").touch()
    said = refusal(call, "model", "info", "practice", code=1)
    assert f"at {application_home() / 'logs'}: File exists" in said
    assert "could not be written down" in said
    (application_home() / "logs").unlink()
    monkeypatch.setattr("lorastudio.cli.versions.statistics", lambda library: 1 // 0)
    assert "lorastudio.log" in refusal(call, "stats", code=1)
    assert "ZeroDivisionError" in (application_home() / "logs" / "lorastudio.log").read_text()


@pytest.mark.parametrize("token", ["tök", "two words", "line\n"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(UsageError) as refused:
        serve_token(token)
    assert token not in str(refused.value)


@pytest.mark.parametrize("setting", ["alpha", "beta", "nll_weight"])
def test_endless_settings_are_refused(setting: str) -> None:
    with pytest.raises(UsageError):
        TrainConfig(**{setting: float("inf")})  # type: ignore[arg-type]
