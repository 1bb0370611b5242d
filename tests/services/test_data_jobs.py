"""Imports in a child process: the same report, the same library, and nothing left when it is stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lorastudio.datasets.lint import Finding
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, LibraryBusyError
from lorastudio.processes.child import Child
from lorastudio.services.cleaning.events import DuplicatesFound
from lorastudio.services.cleaning.looks import LookName
from lorastudio.services.cleaning.near import look_for_duplicates
from lorastudio.services.data_jobs import import_apart, look_apart
from lorastudio.services.import_report import ImportFinished
from lorastudio.services.importing import import_files
from lorastudio.store.clusters import ClusterKind, last_look
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs, list_pairs
from tests.services.cleaning.samples import LONG, add, pair


def write_pairs(path: Path, rows: int) -> Path:
    lines = [
        json.dumps({"prompt": f"Question {n}?", "chosen": f"A good answer to {n}.", "rejected": f"A bad one, {n}!"})
        for n in range(rows)
    ]
    path.write_text("\n".join([*lines, "no JSON"]), encoding="utf-8")
    return path


def test_it_says_and_does_what_an_import_here_does(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.jsonl", 30)
    reports = []
    texts = []
    for name, work in (("here", import_files), ("apart", import_apart)):
        with Library.open(tmp_path / name, write=True) as library:
            *_, last = work(library, [file], cancel=CancelToken())
            assert isinstance(last, ImportFinished)
            reports.append(last.report)
            texts.append([(pair.good, pair.lint) for pair in list_pairs(library)])
    assert reports[0] == reports[1]
    assert reports[1].pairs_added == 30 and len(reports[1].files[0].refused) == 1
    assert texts[0] == texts[1]


def test_stopping_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.jsonl", 5000)
    cancel = CancelToken()
    with Library.open(tmp_path / "home", write=True) as library:
        events = import_apart(library, [file], cancel=cancel)
        next(events)
        cancel.cancel()
        with pytest.raises(Cancelled):
            list(events)
        assert sum(count_pairs(library).values()) == 0
        assert not library.value("SELECT count(*) FROM pairs")


def test_a_library_is_lent_to_children_of_its_holder_alone(tmp_path: Path) -> None:
    with Library.open(tmp_path, write=True), pytest.raises(LibraryBusyError):
        Library.open_lent(tmp_path)


def test_a_look_over_the_pairs_says_and_does_what_one_here_does(tmp_path: Path) -> None:
    with Library.open(tmp_path / "home", write=True) as library:
        add(library, pair("Why?", LONG), pair("Why?", f"{LONG} more"))
        *_, found = look_apart(library, LookName.DUPLICATES, cancel=CancelToken())
        assert isinstance(found, DuplicatesFound)
        assert (found.clusters, found.marked) == (1, 1)
        assert list_pairs(library)[1].lint == (Finding.NEAR_DUPLICATE,)
        *_, again = look_for_duplicates(library, None, CancelToken())
        assert isinstance(again, DuplicatesFound) and again.marked == 0


def test_a_look_that_is_killed_leaves_the_pairs_as_they_were(tmp_path: Path) -> None:
    with Library.open(tmp_path / "home", write=True) as library:
        add(library, *(pair("Why?", f"{LONG} {number}") for number in range(1500)))
        with Child("data", log=tmp_path / "log") as child:
            child.send(
                {"type": "clean", "home": str(library.home), "look": "duplicates", "words_only": True, "key": None}
            )
            while (message := child.receive(60)) is not None and message["type"] != "event":
                pass
            assert message is not None and message["record"]["done"] < 1500
            child.kill()
        assert {pair.lint for pair in list_pairs(library)} == {()}
        assert last_look(library, ClusterKind.DUPLICATES) is None
