"""The lock between processes, with real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lorastudio.domain.errors import LibraryBusyError
from lorastudio.store.lock import LOCK_FILE, WriterLock

HOLDER = """
import sys, time
from pathlib import Path
from lorastudio.store.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]), "train")
print("held", flush=True)
time.sleep(600)
"""


def test_the_lock_of_another_process_is_named_and_frees_itself_when_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(LibraryBusyError, match=f"process {holder.pid}, busy with “train”, since 20") as caught:
                WriterLock(tmp_path, "draft")
            assert "Wait until it has finished" in caught.value.hint
        finally:
            holder.kill()
    WriterLock(tmp_path, "draft").release()


def test_the_lock_file_stays_and_names_nobody_when_free(tmp_path: Path) -> None:
    WriterLock(tmp_path, "draft").release()
    assert (tmp_path / LOCK_FILE).read_text() == ""


def test_a_holder_that_has_not_written_its_name_yet_is_no_problem(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path, "")
    (tmp_path / LOCK_FILE).write_text("")
    with pytest.raises(LibraryBusyError, match="Another process is writing"):
        WriterLock(tmp_path, "draft")
    lock.release()
