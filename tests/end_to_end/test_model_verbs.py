"""Base models of the hub by the program: downloaded, killed in the middle, pinned, trained on."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.services.base_models import default_base
from lorastudio.store.library import Library
from tests.end_to_end import file_keychain
from tests.end_to_end.processes import children_of, lives
from tests.end_to_end.program import TIMEOUT_S, Program, ended
from tests.fake_hub import COMMIT, TOKEN, FakeHub, FakeModel, fake_hub
from tests.worker.tiny_model import write_tiny_model

NAME = "someone/tiny"
WEIGHTS = "model.safetensors"
HELD_BYTES = 20_000


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("hub") / "tiny", max_position_embeddings=512)


@pytest.fixture
def hub(tiny: Path) -> Iterator[FakeHub]:
    """A hub with a real model, beside which lies a program."""
    with fake_hub({NAME: FakeModel.of(tiny)}) as running:
        running.models[NAME].files["model.py"] = b"raise SystemExit"
        yield running


@pytest.fixture
def program(hub: FakeHub, tmp_path: Path) -> Program:
    """The program with a cache of its own, over a home that does not exist yet."""
    keychain = file_keychain.variables(tmp_path / "keychain.json")
    places = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
    return Program(tmp_path / "home", **places, **keychain)


def part_of(tmp_path: Path) -> Path:
    """The beginning of the weights, once as much is there as the hub gives."""
    give_up_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < give_up_s:
        for part in tmp_path.glob("hf/hub/models--*/blobs/*part"):
            if part.stat().st_size == HELD_BYTES:
                return part
        time.sleep(0.02)
    raise AssertionError("it never came so far")


def await_end(pid: int) -> None:
    give_up_s = time.monotonic() + TIMEOUT_S
    while lives(pid):
        assert time.monotonic() < give_up_s, "the helper outlived its parent"
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("victim", ["helper", "parent"])
def test_a_download_that_is_killed_goes_on_where_it_was(
    hub: FakeHub, program: Program, tmp_path: Path, victim: str
) -> None:
    hub.holds[WEIGHTS] = HELD_BYTES
    with program.started("model", "download", NAME) as parent:
        part_of(tmp_path)
        (helper,) = children_of(parent.pid)
        os.kill(helper if victim == "helper" else parent.pid, signal.SIGKILL)
        first = ended(parent)
        await_end(helper)
    if victim == "helper":
        assert first.code == 1
        assert "ended by signal 9" in first.err and "What was fetched is kept" in first.err
    hub.release()
    *_, done = program.run("model", "download", NAME, "--json").lines
    size = len(hub.models[NAME].files[WEIGHTS])
    assert done["event"] == "download_done" and done["fetched_bytes"] == size - HELD_BYTES
    assert {name: hub.given[name] for name in hub.models[NAME].files} == {
        name: len(content) for name, content in hub.models[NAME].files.items() if name != "model.py"
    } | {"model.py": 0}


def test_stopping_a_download_says_what_is_kept(hub: FakeHub, program: Program, tmp_path: Path) -> None:
    hub.holds[WEIGHTS] = HELD_BYTES
    with program.started("model", "download", NAME) as parent:
        part_of(tmp_path)
        parent.send_signal(signal.SIGINT)
        stopped = ended(parent)
    assert stopped.code == 1
    assert "what was downloaded is kept" in stopped.err


def test_a_chosen_model_is_pinned_to_its_commit(hub: FakeHub, program: Program) -> None:
    planned = program.json("model", "download", NAME, "--dry-run")
    assert (planned["event"], planned["model"]) == ("download_planned", f"{NAME}@{COMMIT}")
    assert planned["size_bytes"] > planned["missing_bytes"] > hub.given[WEIGHTS] == 0
    chosen = program.run("model", "use", NAME, "--json").lines[-1]
    assert chosen["model"] == f"{NAME}@{COMMIT}" and Path(chosen["path"]).name == COMMIT
    hub.models[NAME].revisions = {"main": "b2" * 20}
    program.run("model", "download", NAME)
    with Library.open(program.home, write=False) as library:
        assert default_base(library) == f"{NAME}@{COMMIT}"
    asked = len(hub.asked)
    assert program.run("model", "use", f"{NAME}@{COMMIT}", "--json").lines[0]["model"] == f"{NAME}@{COMMIT}"
    assert len(hub.asked) == asked


def test_training_downloads_the_base_and_remembers_its_commit(hub: FakeHub, program: Program, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"prompt": f"b{n} c{n}", "completion": f"a{n} a{n}"}) + "\n" for n in range(8)))
    done = program.run("train", "--base", NAME, "--from", rows, "--epochs", "1", "--rank", "2", "--json")
    events = [line["event"] for line in done.lines]
    assert events[0] == "download_planned" and "download_done" in events
    assert events.index("download_done") < events.index("started") < len(events) - 1
    assert done.lines[-1]["version"] == 1
    assert f"{NAME}@{COMMIT}: 4 files, 90 KB, of which 89 KB are to be downloaded" in done.err
    (run,) = program.json("runs")["runs"]
    assert run["base_model"] == f"{NAME}@{COMMIT}"
    assert not any("model.py" in path for path in hub.paths())


def test_a_gated_model_wants_the_token_of_the_keychain(hub: FakeHub, program: Program) -> None:
    hub.models[NAME].gated = True
    assert "is gated" in program.refusal("model", "use", NAME)
    assert "keychain" in program.json("model", "token", stdin=f"{TOKEN}\n")["kept"]
    assert program.run("model", "use", NAME, "--json").code == 0
    assert program.json("model", "token", "--forget") == {"kept": None}
    assert "No access token came in" in program.refusal("model", "token", code=2)
    assert not any(TOKEN in file.read_text(errors="replace") for file in program.home.rglob("*.log"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_token_of_the_environment_reaches_the_hub_and_no_child(
    hub: FakeHub, program: Program, tmp_path: Path
) -> None:
    hub.models[NAME].gated = True
    hub.holds[WEIGHTS] = HELD_BYTES
    program.environment["HF_TOKEN"] = TOKEN
    with program.started("model", "download", NAME) as parent:
        part_of(tmp_path)
        (helper,) = children_of(parent.pid)
        environment = Path(f"/proc/{helper}/environ").read_bytes()
        parent.kill()
        ended(parent)
        await_end(helper)
    assert b"HF_HUB_OFFLINE=1" in environment and TOKEN.encode() not in environment
    assert {asked.token for asked in hub.asked if asked.server == "hub"} == {TOKEN}


def test_what_the_hub_refuses_is_told_in_words(hub: FakeHub, program: Program) -> None:
    assert "knows no model someone/nothing" in program.refusal("model", "download", "someone/nothing")
    assert "no revision 'v9'" in program.refusal("train", "--base", f"{NAME}@v9")
    assert not (program.home / "library.db").exists()
