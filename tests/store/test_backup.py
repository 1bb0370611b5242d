from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lorastudio.domain.errors import KnownError
from lorastudio.store.backup import backup
from lorastudio.store.library import LIBRARY_FILE, Library
from lorastudio.store.pairs import list_pairs
from lorastudio.store.settings import get_setting
from tests.store.samples import stored_pairs

WRITER = """
import sys
from pathlib import Path
from lorastudio.store.library import Library
from lorastudio.store.settings import set_setting
with Library.open(Path(sys.argv[1]), write=True) as library:
    number = 0
    while True:
        with library.transaction():
            set_setting(library, "first", number)
            set_setting(library, "second", number)
        if number == 0:
            print("writing", flush=True)
        number += 1
"""


def test_a_backup_is_a_library(library: Library, tmp_path: Path) -> None:
    stored_pairs(library, "a", "b")
    (tmp_path / "copy").mkdir()
    file = tmp_path / "copy" / LIBRARY_FILE
    assert backup(library.home, file) == file.stat().st_size
    assert [path.name for path in file.parent.iterdir()] == [LIBRARY_FILE]
    with Library.open(file.parent, write=True) as copy:
        assert list_pairs(copy) == list_pairs(library)


def test_a_backup_is_of_one_moment_while_another_process_writes(tmp_path: Path) -> None:
    home, copies = tmp_path / "home", [tmp_path / str(number) for number in range(5)]
    with subprocess.Popen([sys.executable, "-c", WRITER, str(home)], stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            for copy in copies:
                copy.mkdir()
                backup(home, copy / LIBRARY_FILE)
        finally:
            writer.kill()
    moments = []
    for copy in copies:
        with Library.open(copy, write=False) as library:
            moments.append((get_setting(library, "first"), get_setting(library, "second")))
    assert all(first == second for first, second in moments)
    assert moments == sorted(moments)


def test_a_copy_that_has_no_room_leaves_nothing(library: Library, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(KnownError, match="Can't copy the library to"):
            backup(library.home, tmp_path / "copy.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_an_existing_file_is_replaced_only_when_forced(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    file.write_text("precious")
    with pytest.raises(KnownError, match="exists already"):
        backup(library.home, file)
    assert file.read_text() == "precious"
    assert backup(library.home, file, force=True) == file.stat().st_size


def test_places_that_make_no_sense_are_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="does not exist"):
        backup(library.home, tmp_path / "no" / "copy.db")
    with pytest.raises(KnownError, match="is a folder"):
        backup(library.home, tmp_path)
    with pytest.raises(KnownError, match="onto itself"):
        backup(library.home, library.home / LIBRARY_FILE, force=True)
    with pytest.raises(KnownError, match="no library in"):
        backup(tmp_path / "nowhere", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
