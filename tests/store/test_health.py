from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lorastudio.domain.files import sha256_of
from lorastudio.domain.run import RunState
from lorastudio.store import health
from lorastudio.store.health import Finding, check
from lorastudio.store.library import LIBRARY_FILE, Library
from lorastudio.store.runs import create_run, update_run
from tests.store.samples import new_version, stored_pairs


def finding(library: Library, name: str, *, hashes: bool = False) -> Finding:
    (found,) = (found for found in check(library, hashes=hashes) if found.name == name)
    return found


def version_with_files(library: Library) -> Path:
    folder = library.home / "versions" / "1-abc"
    folder.mkdir(parents=True)
    adapter = folder / "adapters.safetensors"
    adapter.write_bytes(b"weights")
    new_version(library, 1, model_path=str(folder), adapter_hash=sha256_of(adapter))
    return adapter


def test_a_sound_library_is_well(library: Library) -> None:
    version_with_files(library)
    stored_pairs(library, "a")
    (library.home / "runs" / "1").mkdir(parents=True)
    with Library.open(library.home, write=False) as reader:
        bad = [found for found in check(reader, hashes=True) if not found.ok and found.name != "disk space"]
    assert bad == []


def test_where_there_is_no_library_nothing_is_wrong(tmp_path: Path) -> None:
    with Library.open(tmp_path / "a" / "b", write=False) as library:
        findings = {found.name: found for found in check(library)}
    assert "no library" in findings["library"].message
    assert all(found.ok for name, found in findings.items() if name != "disk space")
    assert not (tmp_path / "a").exists()


def test_damage_inside_the_file_is_found(library: Library) -> None:
    stored_pairs(library, "a", "b")
    library.close()
    with closing(sqlite3.connect(library.home / LIBRARY_FILE)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(cell_id,', '(pair_id,') WHERE name = 'pair_facets_cell'"
        )
        connection.commit()
    with Library.open(library.home, write=False) as reader:
        found = finding(reader, "integrity")
    assert not found.ok
    assert "pair_facets_cell" in found.message
    assert "backup" in found.hint


def test_a_row_that_refers_to_nothing_is_found(library: Library) -> None:
    stored_pairs(library, "a")
    library.db.execute("PRAGMA foreign_keys = OFF")
    library.execute("DELETE FROM groups")
    found = finding(library, "references")
    assert not found.ok
    assert "pairs 1 → groups" in found.message


def test_missing_files_are_named(library: Library) -> None:
    version_with_files(library).unlink()
    for state in (RunState.INTERRUPTED, RunState.FAILED):
        run = create_run(library, config={}, base_model="practice", dataset_hash="d")
        update_run(library, run.id, state=state)
    found = finding(library, "missing files")
    assert found.message == "Files are missing: versions/1-abc/adapters.safetensors, runs/2/train.jsonl."


def test_a_changed_adapter_is_found_when_hashes_are_asked_for(library: Library) -> None:
    adapter = version_with_files(library)
    assert finding(library, "adapters", hashes=True).ok
    adapter.write_bytes(b"other weights")
    assert finding(library, "adapters", hashes=True).message == "Adapters were changed: version 1."


def test_files_that_the_library_does_not_know_are_named(library: Library) -> None:
    version_with_files(library)
    for orphan in ("versions/2-def", "runs/9", "gates/4"):
        (library.home / orphan).mkdir(parents=True)
    (library.home / "runs" / ".DS_Store").touch()
    found = finding(library, "orphan files")
    assert found.message == "The library doesn't know of: versions/2-def, runs/9, gates/4."


def test_many_faults_are_shortened(library: Library) -> None:
    for number in range(10, 18):
        (library.home / "runs" / str(number)).mkdir(parents=True)
    assert "runs/14 and 3 more." in finding(library, "orphan files").message


def test_files_that_a_killed_program_left_are_named_but_not_those_at_work(library: Library) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    (library.home / f"card.json.partial-{ended.pid}").touch()
    (library.home / f"other.json.partial-{os.getpid()}").touch()
    (library.home / "third.partial-x").touch()
    found = finding(library, "unfinished files")
    assert found.message == f"A program that was killed left: card.json.partial-{ended.pid}, third.partial-x."


def test_a_disk_that_is_nearly_full_is_said(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOW_DISK_BYTES", 0)
    assert finding(library, "disk space").ok
    monkeypatch.setattr(health, "LOW_DISK_BYTES", 10**18)
    assert "Free some space" in finding(library, "disk space").hint


def test_a_count_that_disagrees_with_the_pairs_is_found(library: Library) -> None:
    stored_pairs(library, "a", "b")
    assert finding(library, "counts").ok
    library.execute("UPDATE pair_cells SET pairs = 3")
    assert "the counts" in finding(library, "counts").message
    library.execute("DELETE FROM pair_facets WHERE pair_id = 1")
    assert "the pairs that are listed" in finding(library, "counts").message
    library.execute("UPDATE pair_cells SET state = 'rejected'")
    assert "the states that are counted" in finding(library, "counts").message
