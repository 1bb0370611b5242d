from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lorastudio.deploy.version_folder import CARD_FILE, build_version, read_card, verify
from lorastudio.domain.errors import KnownError
from lorastudio.domain.files import sha256_of
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_FILE, ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE
from tests.deploy.outputs import LINEAGE, write_output

# Builds a version and kills itself right before or after the n-th change of the disk.
KILLED_BUILD = """
import os, signal, sys
from pathlib import Path
from lorastudio.deploy.version_folder import build_version
home, output, left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def audit(event, args):
    global left
    if event in ("os.rename", "shutil.copyfile", "os.chmod", "os.mkdir"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audit)
build_version(home, 3, output, lineage={"dataset_hash": "d" * 64, "parent": None, "config": {"rank": 8}})
"""


def test_a_version_is_named_by_its_content(tmp_path: Path) -> None:
    output = write_output(tmp_path / "output")
    folder = build_version(tmp_path / "home", 3, output, lineage=LINEAGE)
    number, digits = folder.name.split("-")
    assert (number, len(digits)) == ("3", 12)
    assert sha256_of(folder / CARD_FILE).startswith(digits)
    assert sorted(path.name for path in folder.iterdir()) == [ADAPTER_CONFIG, ADAPTER_FILE, CARD_FILE, GOLDEN_FILE]
    assert verify(folder) == []


def test_the_card_tells_content_and_lineage_but_no_time_or_place(tmp_path: Path) -> None:
    folder = build_version(tmp_path / "home", 3, write_output(tmp_path / "output"), lineage=LINEAGE)
    card = read_card(folder)
    assert card["files"][ADAPTER_FILE] == sha256_of(folder / ADAPTER_FILE)
    assert card["lineage"] == LINEAGE
    assert card["thinking"] == {"enabled": False, "closing": ""}
    assert card["metrics"]["final_loss"] == 0.5
    assert str(tmp_path) not in (folder / CARD_FILE).read_text()
    elsewhere = build_version(tmp_path / "other home", 3, write_output(tmp_path / "again"), lineage=LINEAGE)
    assert elsewhere.name == folder.name


def test_building_again_changes_nothing(tmp_path: Path) -> None:
    output = write_output(tmp_path / "output")
    folder = build_version(tmp_path / "home", 3, output, lineage=LINEAGE)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert build_version(tmp_path / "home", 3, output, lineage=LINEAGE) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_files_of_a_version_are_read_only(tmp_path: Path) -> None:
    folder = build_version(tmp_path / "home", 3, write_output(tmp_path / "output"), lineage=LINEAGE)
    assert {path.stat().st_mode & 0o222 for path in folder.iterdir()} == {0}


def test_other_content_is_another_folder(tmp_path: Path) -> None:
    one = build_version(tmp_path, 3, write_output(tmp_path / "one"), lineage=LINEAGE)
    two = build_version(tmp_path, 3, write_output(tmp_path / "two", adapter=b"others"), lineage=LINEAGE)
    assert one != two
    assert verify(one) == verify(two) == []


@pytest.mark.parametrize("name", [ADAPTER_FILE, ADAPTER_CONFIG, GOLDEN_FILE])
def test_a_changed_file_is_found(tmp_path: Path, name: str) -> None:
    folder = build_version(tmp_path / "home", 3, write_output(tmp_path / "output"), lineage=LINEAGE)
    (folder / name).chmod(0o644)
    (folder / name).write_bytes(b"tampered")
    assert verify(folder) == [f"{name} was changed"]


def test_a_missing_a_strange_and_a_swapped_file_are_found(tmp_path: Path) -> None:
    folder = build_version(tmp_path / "home", 3, write_output(tmp_path / "output"), lineage=LINEAGE)
    (folder / GOLDEN_FILE).unlink()
    (folder / "notes.txt").write_text("mine")
    assert verify(folder) == [f"{GOLDEN_FILE} is missing", "notes.txt does not belong there"]
    moved = folder.with_name("3-" + "0" * 12)
    shutil.copytree(folder, moved)
    assert any("does not belong to the folder" in problem for problem in verify(moved))
    (folder / CARD_FILE).chmod(0o644)
    (folder / CARD_FILE).write_text("no json")
    assert "unreadable" in verify(folder)[0]


def test_an_adapter_that_is_not_the_runs_own_is_refused(tmp_path: Path) -> None:
    output = write_output(tmp_path / "output")
    (output / ADAPTER_PARTIAL).write_bytes(b"half of it")
    with pytest.raises(KnownError, match="not the one that the run wrote"):
        build_version(tmp_path / "home", 3, output, lineage=LINEAGE)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", [RESULT_FILE, GOLDEN_FILE])
def test_an_incomplete_output_is_refused_in_words(tmp_path: Path, name: str) -> None:
    output = write_output(tmp_path / "output")
    (output / name).unlink()
    with pytest.raises(KnownError, match=name):
        build_version(tmp_path / "home", 3, output, lineage=LINEAGE)


def test_a_kill_at_any_moment_leaves_no_half_version_and_the_next_build_ends_the_same(tmp_path: Path) -> None:
    output = write_output(tmp_path / "output")
    whole = build_version(tmp_path / "undisturbed", 3, output, lineage=LINEAGE)
    killed, moment = 0, 1
    while True:
        home = tmp_path / f"home{moment}"
        ended = subprocess.run([sys.executable, "-c", KILLED_BUILD, str(home), str(output), str(moment)], check=False)
        for adapter in home.rglob(ADAPTER_FILE):
            assert verify(adapter.parent) == []
        folder = build_version(home, 3, output, lineage=LINEAGE)
        assert folder.name == whole.name
        assert [path.name for path in (home / "versions").iterdir()] == [whole.name]
        assert verify(folder) == []
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL
        killed, moment = killed + 1, moment + 1
    assert killed >= 10


def test_the_card_is_json_that_people_can_read(tmp_path: Path) -> None:
    folder = build_version(tmp_path / "home", 3, write_output(tmp_path / "output"), lineage=LINEAGE)
    text = (folder / CARD_FILE).read_text()
    assert json.loads(text)["version"] == 3
    assert text.endswith("\n")
