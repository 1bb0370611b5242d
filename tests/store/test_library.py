"""Opening, reading beside a writer, transactions, threads, and what goes wrong in plain words."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from lorastudio.domain.errors import BugError, LibraryBusyError, LibraryError
from lorastudio.store.cycles import list_cycles
from lorastudio.store.library import LIBRARY_FILE, Library
from lorastudio.store.pairs import count_pairs, list_pairs
from lorastudio.store.settings import get_setting, set_setting
from tests.store.samples import new_cycle, stored_pairs


def test_reading_where_there_is_no_library_finds_nothing_and_creates_nothing(tmp_path: Path) -> None:
    home = tmp_path / "nowhere"
    with Library.open(home, write=False) as library:
        assert not library.writable
        assert list_pairs(library) == []
        assert list_cycles(library) == []
        assert sum(count_pairs(library).values()) == 0
    assert not home.exists()


def test_a_library_that_is_read_refuses_writes(library: Library, tmp_path: Path) -> None:
    set_setting(library, "x", 1)
    for home in (library.home, tmp_path / "nowhere"):
        with Library.open(home, write=False) as reader, pytest.raises(BugError, match="opened for reading"):
            set_setting(reader, "x", 2)
    with Library.open(library.home, write=False) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.db.execute("DELETE FROM settings")
    assert get_setting(library, "x") == 1


def test_a_reader_sees_what_is_committed_while_a_writer_works(library: Library) -> None:
    set_setting(library, "x", "before")
    with Library.open(library.home, write=False) as reader:
        with library.transaction():
            set_setting(library, "x", "within")
            assert get_setting(reader, "x") == "before"
        assert get_setting(reader, "x") == "within"


def test_a_second_writer_is_told_who_has_the_library(library: Library) -> None:
    with pytest.raises(LibraryBusyError, match=r"process \d+, busy with “test”, since 20"):
        Library.open(library.home, write=True)


def test_the_next_writer_comes_in_after_a_close(library: Library) -> None:
    library.close()
    library.close()
    with Library.open(library.home, write=True) as again:
        assert again.writable


def test_a_transaction_that_raises_leaves_nothing(library: Library) -> None:
    with pytest.raises(KeyError), library.transaction():
        new_cycle(library)
        raise KeyError
    assert list_cycles(library) == []
    new_cycle(library)
    assert len(list_cycles(library)) == 1


def test_an_inner_transaction_that_raises_takes_back_only_itself(library: Library) -> None:
    with library.transaction():
        set_setting(library, "outer", 1)
        with pytest.raises(KeyError), library.transaction():
            set_setting(library, "inner", 1)
            raise KeyError
    assert get_setting(library, "outer") == 1
    assert get_setting(library, "inner") is None


def test_an_inner_transaction_is_lost_with_the_outer_one(library: Library) -> None:
    with pytest.raises(KeyError), library.transaction():
        set_setting(library, "inner", 1)
        raise KeyError
    assert get_setting(library, "inner") is None


def test_threads_take_turns(library: Library) -> None:
    set_setting(library, "count", 0)

    def count_up() -> None:
        for _ in range(25):
            with library.transaction():
                set_setting(library, "count", get_setting(library, "count") + 1)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get_setting(library, "count") == 100


def test_commits_survive_a_power_cut_as_far_as_sqlite_can_promise(library: Library) -> None:
    assert library.value("PRAGMA journal_mode") == "wal"
    assert library.value("PRAGMA synchronous") == 2  # FULL
    assert library.value("PRAGMA foreign_keys") == 1


def test_a_full_disk_is_said_in_plain_words_and_leaves_the_library_as_it_was(library: Library) -> None:
    stored_pairs(library, "first")
    pages = library.value("PRAGMA page_count")
    library.db.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(LibraryError, match="disk is full") as caught:
        stored_pairs(library, *("x" * 2000 + str(number) for number in range(100)))
    assert "Free some space" in caught.value.hint
    assert [pair.good for pair in list_pairs(library)] == ["good first"]
    library.db.execute("PRAGMA max_page_count = 1000000")
    assert stored_pairs(library, "second") != ()


@pytest.mark.parametrize("write", [True, False])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, write: bool) -> None:
    file = tmp_path / LIBRARY_FILE
    file.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(LibraryError, match="no library of this program"):
        Library.open(tmp_path, write=write)
    assert file.read_bytes() == b"Dear diary, " * 100


def test_a_damaged_library_is_said_in_plain_words(library: Library) -> None:
    stored_pairs(library, *(f"{number} {'x' * 3000}" for number in range(50)))
    library.close()
    content = bytearray(library.path.read_bytes())
    content[4096 : len(content)] = b"\xff" * (len(content) - 4096)
    library.path.write_bytes(content)
    with pytest.raises(LibraryError, match="damaged") as caught, Library.open(library.home, write=False) as reader:
        list_pairs(reader)
    assert "doctor" in caught.value.hint


def test_a_home_that_cannot_be_made_is_said_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="Can't make the folder"):
        Library.open(tmp_path / "file" / "home", write=True)


def test_half_a_character_is_refused_in_plain_words(library: Library) -> None:
    with pytest.raises(LibraryError, match="half of a character"):
        stored_pairs(library, "\ud800")
    assert list_pairs(library) == []


def test_a_failed_opening_lets_the_next_writer_in(tmp_path: Path) -> None:
    file = tmp_path / LIBRARY_FILE
    file.write_bytes(b"no database at all, but long enough to look like one" * 10)
    with pytest.raises(LibraryError):
        Library.open(tmp_path, write=True)
    file.unlink()
    Library.open(tmp_path, write=True).close()
