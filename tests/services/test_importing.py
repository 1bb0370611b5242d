"""Imports: the report, all or nothing, undo, and what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import BugError, Cancelled, UsageError
from lorastudio.domain.events import Event, Progressed, as_json
from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.services import curation, import_tally, importing
from lorastudio.services.import_options import ImportOptions
from lorastudio.services.import_report import ImportFinished
from lorastudio.services.importing import import_files
from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import sweep_imports
from lorastudio.store.library import Library
from lorastudio.store.pairs import list_pairs


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"prompt": f"Question {number}?", "completion": f"good {number}", "bad_example": f"bad {number}", **more}


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(value) for value in rows) + "\n", encoding="utf-8")
    return path


def report_of(empty_library: Library, *paths: Path, accept: bool = False) -> dict[str, Any]:
    *_, last = import_files(empty_library, paths, options=ImportOptions(accept=accept), cancel=CancelToken())
    assert isinstance(last, ImportFinished)
    found: dict[str, Any] = as_json(last.report)
    return found


def test_the_report_has_the_promised_keys(empty_library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.txt", row(1), row(1), row(2, completion="Ã©"), {"a": 1}, row(3, bad_example="nan"))
    report = report_of(empty_library, path)
    assert report == {
        "files": [
            {
                "path": str(path),
                "format": "seed",
                "confidence": 0.8,
                "rows_read": 5,
                "imported": 3,
                "repaired": 1,
                "refused": [{"line": 4, "reason": "is in no known format; its columns are 'a'"}],
                "duplicates": 1,
                "warnings": [
                    "Only 80% sure, by the first rows, that the format is seed.",
                    "Rows with double-encoded text, mended: 1.",
                ],
                "container": "JSON lines",
                "mapping": {"prompt": "prompt", "good": "completion", "bad": "bad_example"},
                "duplicates_in_file": 1,
                "duplicates_in_library": 0,
                "refused_rows": 1,
                "tokens": {
                    "prompts": {"min": 3, "median": 3, "p95": 3, "max": 3, "total": 11},
                    "good answers": {"min": 1, "median": 2, "p95": 2, "max": 2, "total": 5},
                    "bad answers": {"min": 2, "median": 2, "p95": 2, "max": 2, "total": 4},
                },
                "languages": {"unknown": 4},
                "leakage": {"gate_questions": 0, "near_held_out": 0},
            }
        ],
        "pairs_added": 3,
        "dry_run": False,
    }
    pairs = list_pairs(empty_library)
    assert [(pair.good, pair.bad) for pair in pairs] == [("good 1", "bad 1"), ("é", "bad 2"), ("good 3", None)]
    assert {pair.state for pair in pairs} == {PairState.PENDING}


def test_accepting_is_a_bulk_decision_and_confidence_is_the_files(empty_library: Library, tmp_path: Path) -> None:
    report_of(empty_library, write(tmp_path / "f", row(1, confidence=0.3), row(2)), accept=True)
    pairs = list_pairs(empty_library)
    assert [pair.confidence for pair in pairs] == [0.3, None]
    assert {(pair.state, pair.decided_by) for pair in pairs} == {(PairState.ACCEPTED, Decider.BULK)}
    assert curation.readiness(empty_library).accepted == 2


def test_an_import_is_one_step_of_undo(empty_library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "f.jsonl", *[row(number) for number in range(450)])
    assert report_of(empty_library, path)["pairs_added"] == 450
    assert curation.undo(empty_library).undo_label == "import of f.jsonl"
    assert list_pairs(empty_library) == []
    assert report_of(empty_library, path)["pairs_added"] == 450


def test_what_is_there_already_is_a_duplicate(empty_library: Library, tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", row(1)), write(tmp_path / "b", row(1), row(2))
    report = report_of(empty_library, first, second)
    assert [(file["imported"], file["duplicates"]) for file in report["files"]] == [(1, 0), (1, 1)]
    again = report_of(empty_library, second)
    assert (again["pairs_added"], again["files"][0]["duplicates"], again["files"][0]["warnings"]) == (0, 2, [])
    assert curation.undo(empty_library).undo_label == "import of 2 files"
    assert list_pairs(empty_library) == []
    assert curation.redo(empty_library).undo_label == "import of 2 files"
    assert len(list_pairs(empty_library)) == 2


def test_a_folder_stands_for_its_files(empty_library: Library, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    write(tmp_path / "in" / "b.jsonl", row(1))
    write(tmp_path / "in" / ".hidden", row(2))
    (tmp_path / "in" / "deep" / "a.bin").write_bytes(gzip.compress(json.dumps([row(3)]).encode()))
    report = report_of(empty_library, tmp_path / "in")
    assert [Path(file["path"]).name for file in report["files"]] == ["b.jsonl", "a.bin"]
    assert report["pairs_added"] == 2


def test_what_can_not_be_read_is_in_the_report(empty_library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "archive").write_bytes(b"PK\x03\x04")
    report = report_of(
        empty_library, tmp_path / "none", tmp_path / "empty folder", tmp_path / "empty", tmp_path / "archive"
    )
    assert report["pairs_added"] == 0
    assert [[refused["line"] for refused in file["refused"]] for file in report["files"]] == [[0]] * 4
    assert {file["format"] for file in report["files"]} == {"unknown"}


def test_gate_questions_stay_out(empty_library: Library, tmp_path: Path) -> None:
    add_gate_questions(empty_library, [NewGateQuestion("question 1?", "g", "en")])
    report = report_of(empty_library, write(tmp_path / "f", row(1), row(2)))
    assert report["files"][0]["refused"] == [
        {"line": 1, "reason": "asks a gate question, and these are never trained on"}
    ]


def test_rows_near_held_out_text_are_quarantined(empty_library: Library, tmp_path: Path) -> None:
    assign_splits(empty_library, {"held": Split.HELDOUT, "old": Split.TRAIN})
    text = " ".join(f"word{number}" for number in range(50))
    report_of(empty_library, write(tmp_path / "a", row(1, completion=text, group="held")))
    rows = [row(1, completion=f"{text} {group}", group=group) for group in ("new", "old")]
    report = report_of(empty_library, write(tmp_path / "b", *rows, row(2, group="old")))
    assert report["files"][0]["warnings"] == [
        "Pairs near held-out text, kept out of training: 2.",
        "Near-duplicates of other pairs: 2.",
    ]
    assert [pair.split for pair in list_pairs(empty_library)] == [
        Split.HELDOUT,
        Split.QUARANTINED,
        Split.TRAIN,
        Split.TRAIN,
    ]


def test_a_cancelled_import_leaves_nothing(empty_library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "f", *[row(number) for number in range(500)])
    cancel = CancelToken()
    events = import_files(empty_library, [path], cancel=cancel)
    assert isinstance(next(events), Progressed)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(events)
    assert list_pairs(empty_library) == []
    assert sweep_imports(empty_library) == 0


def test_an_abandoned_import_leaves_nothing(empty_library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "f", *[row(number) for number in range(500)])
    events: Iterator[Event] = import_files(empty_library, [path], cancel=CancelToken())
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert list_pairs(empty_library) == []
    assert sweep_imports(empty_library) == 0


def test_an_import_outlived_by_its_library_is_swept_at_the_next_start(tmp_path: Path) -> None:
    path = write(tmp_path / "f", *[row(number) for number in range(500)])
    with Library.open(tmp_path / "home", write=True) as library:
        events = import_files(library, [path], cancel=CancelToken())
        next(events)
        assert list_pairs(library) == []
    del events
    with Library.open(tmp_path / "home", write=True) as library:
        assert sweep_imports(library) == 1
        assert report_of(library, path)["pairs_added"] == 500


def test_the_list_of_refusals_is_bounded(
    empty_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_tally, "MOST_REFUSALS", 3)
    (file,) = report_of(empty_library, write(tmp_path / "f", *range(10)))["files"]
    assert (len(file["refused"]), file["rows_read"]) == (3, 10)
    assert file["warnings"] == ["Refused rows that are not listed: 7."]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.binary(max_size=40) | st.just(json.dumps(row(1)).encode()), max_size=5).map(b"\n".join))
def test_whatever_the_bytes_the_figures_add_up(empty_library: Library, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(data)
    (file,) = report_of(empty_library, path)["files"]
    assert file["rows_read"] == file["imported"] + file["duplicates"] + len(file["refused"])


def test_a_dry_run_counts_alike_and_writes_nothing(empty_library: Library, tmp_path: Path) -> None:
    there = write(tmp_path / "there", row(1))
    report_of(empty_library, there)
    first, second = write(tmp_path / "a", row(1), row(2), row(2)), write(tmp_path / "b", row(2), row(3))
    before = list(empty_library.db.conn.iterdump())
    *_, dry = import_files(empty_library, [first, second], options=ImportOptions(dry_run=True), cancel=CancelToken())
    assert list(empty_library.db.conn.iterdump()) == before
    assert isinstance(dry, ImportFinished)
    *_, real = import_files(empty_library, [first, second], cancel=CancelToken())
    assert isinstance(real, ImportFinished)
    counts = [
        [(file.imported, file.duplicates_in_file, file.duplicates_in_library) for file in last.report.files]
        for last in (dry, real)
    ]
    assert counts[0] == counts[1] == [(1, 1, 1), (1, 0, 1)]
    assert dry.report.dry_run and not real.report.dry_run


def test_the_report_and_the_refused_rows_are_kept(empty_library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "f", row(1), {"a": "x\u2028y"})
    out = tmp_path / "deep"
    for name in ("report.json", "report.txt"):
        options = ImportOptions(report_to=out / name, save_refused=out / "refused.jsonl")
        *_, last = import_files(empty_library, [path], options=options, cancel=CancelToken())
        assert isinstance(last, ImportFinished)
    assert json.loads((out / "report.json").read_bytes())["files"][0]["refused"][0]["line"] == 2
    text = (out / "report.txt").read_text(encoding="utf-8")
    assert "line 2: is in no known format" in text and text.endswith("0 pairs added.\n")
    (saved,) = (out / "refused.jsonl").read_bytes().split(b"\n")[:-1]
    refused = json.loads(saved)
    assert (refused["path"], refused["line"], json.loads(refused["row"])) == (str(path), 2, {"a": "x\u2028y"})


def test_what_was_said_about_a_file_is_used(empty_library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "f", {"ask": "Why?", "yes": "a", "no": "b"})
    options = ImportOptions(columns=("prompt=ask", "chosen=yes", "rejected=no"))
    *_, last = import_files(empty_library, [path], options=options, cancel=CancelToken())
    assert isinstance(last, ImportFinished)
    assert last.report.files[0].mapping == {"prompt": "ask", "good": "yes", "bad": "no"}
    with pytest.raises(UsageError):
        list(import_files(empty_library, [path], options=ImportOptions(format="none"), cancel=CancelToken()))


def test_where_too_much_is_compared_the_report_says_so(
    empty_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_COMPARED_BYTES", 10)
    (file,) = report_of(empty_library, write(tmp_path / "f", row(1)))["files"]
    assert file["warnings"] == [importing.NOT_COMPARED]


def test_a_failure_in_staging_leaves_nothing(
    empty_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "FIRST_ROWS", 2)
    path = write(tmp_path / "f", *[row(number) for number in range(5)])
    events = import_files(empty_library, [path], cancel=CancelToken())
    next(events)
    empty_library.db.execute("DROP TRIGGER pair_facets_add")
    empty_library.db.execute(
        "CREATE TRIGGER full BEFORE INSERT ON pairs BEGIN SELECT raise(ABORT, 'the disk is full'); END"
    )
    with pytest.raises(BugError, match="the disk is full"):
        list(events)
    assert list_pairs(empty_library) == []


def test_folders_of_drafts_of_ones_own_become_pairs(empty_library: Library, tmp_path: Path) -> None:
    files = {
        "scored/question.md": "Why is copper annealed?\n",
        "scored/draft-1.md": "---\nscore: 0.2\n---\nBecause of the heat.",
        "scored/draft-2.json": json.dumps({"text": "To make it soft again.", "score": 0.9}),
        "named/prompt.txt": "Name a metal.",
        "named/final.txt": "Copper",
        "named/bad.md": "Glass",
        "ordered/draft-2.txt": "second",
        "ordered/draft-10.json": json.dumps({"question": "Say a number.", "draft": "tenth"}),
        "ordered/draft-1.txt": "first",
        "broken/question.txt": "q",
        "broken/draft-1.json": "{",
        "lonely/question.txt": "q",
        "lonely/draft-1.txt": "one",
    }
    for name, text in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(text, encoding="utf-8")
    (file,) = report_of(empty_library, tmp_path / "in")["files"]
    pairs = {(pair.prompt[0].content, pair.good, pair.bad) for pair in list_pairs(empty_library)}
    assert pairs == {
        ("Why is copper annealed?\n".strip("\n"), "To make it soft again.", "Because of the heat."),
        ("Name a metal.", "Copper", "Glass"),
        ("Say a number.", "tenth", "first"),
    }
    assert [refused["reason"].split(":")[0] for refused in file["refused"]] == ["broken", "lonely"]
    assert any("the last one was taken" in warning for warning in file["warnings"])
