"""Training by the program: its events, its files, its ends."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from lorastudio.datasets.groups import group_of
from lorastudio.datasets.split import split_of
from lorastudio.domain.pair import Split
from lorastudio.paths import practice_model
from tests.end_to_end.program import Program, ended
from tests.services.practice_versions import practice_rows

QUICK = ("--learning-rate", "1e-3", "--epochs", "1", "--max-seq-length", "256", "--json")
BLOCKS = 3  # of the practice model
PLAIN_USE = """
import json, sys
from mlx_lm import load, stream_generate
model, tokenizer = load(sys.argv[1], adapter_path=sys.argv[2])
golden = json.load(open(sys.argv[2] + "/golden.json"))[0]
messages = [{"role": "user", "content": golden["prompt"]}]
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
ids = [piece.token for piece in stream_generate(model, tokenizer, prompt, max_tokens=len(golden["ids"]))]
print(json.dumps([ids, golden["ids"]]))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two dozen examples, of which the split holds two out."""
    path = tmp_path / "examples.jsonl"
    write(path, [(row["prompt"][-1]["content"], row["good"], row["bad"]) for row in practice_rows(64)[40:]])
    return path


def write(path: Path, rows: list[tuple[str, str, str]]) -> None:
    names = ("prompt", "completion", "bad_example")
    path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows), "utf-8")


def tensor_names(adapter: Path) -> list[str]:
    """The names in the header of a safetensors file."""
    with adapter.open("rb") as content:
        (size,) = struct.unpack("<Q", content.read(8))
        return [name for name in json.loads(content.read(size)) if name != "__metadata__"]


def test_a_file_is_trained_on_alone_and_the_last_line_tells_the_version(program: Program, file: Path) -> None:
    before = program.json("pairs")
    done = program.run("train", "--from", file, "--layers", "1", "--seed", "7", *QUICK)
    assert program.json("pairs") == before
    last = done.lines[-1]
    assert {"event", "run", "version", "final_loss", "validation_accuracy"} <= last.keys()
    assert (last["event"], last["run"], last["version"]) == ("done", 2, 2)
    assert next(line for line in done.lines if line["event"] == "started")["heldout"] == 2
    assert last["final_loss"] > 0
    assert 0 <= last["validation_accuracy"] <= 1
    folder = Path(last["model_path"])
    names = tensor_names(folder / "adapters.safetensors")
    assert names
    assert all(f"layers.{BLOCKS - 1}." in name for name in names), names
    assert (folder / "adapter_config.json").is_file()
    adapters = [path.parent.parent for path in program.home.rglob("adapters.safetensors")]
    assert adapters == [program.home / "versions"] * 2
    assert not any(part.startswith(".") for part in folder.relative_to(program.home).parts)
    runs = program.json("runs")["runs"]
    assert [(run["id"], run["state"], run["reserved_version"]) for run in runs] == [
        (1, "finished", 1),
        (2, "finished", 2),
    ]


def test_the_same_seed_gives_the_same_adapter_whatever_the_place(fresh: Program, file: Path, tmp_path: Path) -> None:
    other = Program(tmp_path / "another place")
    adapters = [
        Path(one.run("train", "--from", file, *QUICK).lines[-1]["model_path"]) / "adapters.safetensors"
        for one in (fresh, other)
    ]
    assert adapters[0].read_bytes() == adapters[1].read_bytes()


def test_plain_mlx_lm_uses_a_version_and_answers_as_the_trainer_noted(program: Program) -> None:
    (version,) = program.json("versions")["versions"]
    used = subprocess.run(
        [sys.executable, "-c", PLAIN_USE, str(practice_model()), version["model_path"]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert used.returncode == 0, used.stderr
    ids, noted = json.loads(used.stdout.splitlines()[-1])
    assert ids == noted


def test_below_readiness_it_trains_and_warns(program: Program) -> None:
    done = program.run("train", *QUICK)
    (warning, *_) = [line["message"] for line in done.lines if line["event"] == "warning"]
    assert "of 1000 accepted pairs" in warning
    assert f"Warning: {warning}" in done.err.splitlines()
    assert done.lines[-1]["event"] == "done"


@pytest.mark.parametrize("side", [Split.TRAIN, Split.HELDOUT])
def test_of_too_few_groups_none_is_held_out(fresh: Program, tmp_path: Path, side: Split) -> None:
    rows = practice_rows(60)
    row = next(row for row in rows if split_of(group_of(row["prompt"][-1]["content"])) is side)
    write(tmp_path / "few", [(row["prompt"][-1]["content"], answer["good"], row["bad"]) for answer in (row, rows[0])])
    done = fresh.run("train", "--from", tmp_path / "few", *QUICK)
    assert done.lines[-1]["validation_accuracy"] is None
    assert any("no validation accuracy" in line["message"] for line in done.lines if line["event"] == "warning")


def test_a_stopped_run_is_resumed_and_ends_as_if_never_stopped(fresh: Program, file: Path, tmp_path: Path) -> None:
    long = ("train", "--from", file, *QUICK, "--epochs", "8")
    whole = Path(Program(tmp_path / "undisturbed").run(*long).lines[-1]["model_path"])
    with fresh.started(*long) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("step") == 3:
                break
        process.send_signal(signal.SIGINT)
        stopped = ended(process)
    assert stopped.code == 1
    assert stopped.lines[-1]["error"] == {
        "message": "Stopped; what was finished is kept.",
        "hint": "`lorastudio resume` goes on; `lorastudio keep` ends the run with what it has learnt.",
    }
    assert fresh.json("runs")["runs"][0]["state"] == "interrupted"
    assert list(fresh.home.rglob("adapters.safetensors")) == []
    done = fresh.run("resume", "--json").lines
    assert next(line for line in done if line["event"] == "started")["resumed"] is True
    resumed = Path(done[-1]["model_path"])
    assert (resumed / "adapters.safetensors").read_bytes() == (whole / "adapters.safetensors").read_bytes()
    assert "no unfinished run" in fresh.refusal("resume")


def test_a_stopped_run_can_be_kept_as_it_is(fresh: Program, file: Path) -> None:
    with fresh.started("train", "--from", file, *QUICK, "--epochs", "500") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("step") == 3:
                break
        process.send_signal(signal.SIGINT)
        assert ended(process).code == 1
    done = fresh.run("keep", "--json").lines[-1]
    assert (done["event"], done["ended"], done["version"]) == ("done", "kept", 1)
    assert (Path(done["model_path"]) / "adapters.safetensors").is_file()
    assert fresh.json("runs")["runs"][0]["state"] == "finished"
