"""Files out: datasets, drafts, and what they give when they are read again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Message
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.services.curation import decide
from lorastudio.services.exporting import export_dataset, export_drafts, export_pairs
from lorastudio.services.extraction import extract_cycle
from lorastudio.services.import_report import ImportFinished, ImportReport
from lorastudio.services.importing import import_files
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, list_pairs
from tests.services.drafted import drafted_cycle

QUESTIONS = {"Why so?": [0.0, None, 0.5, 1.0], "Como é?": [0.25, 1.0], "Who?": [1.0]}


def accept_all(empty_library: Library) -> None:
    decide(empty_library, [pair.id for pair in list_pairs(empty_library)], PairState.ACCEPTED, Decider.PERSON)


def imported(empty_library: Library, path: Path) -> ImportReport:
    *_, last = import_files(empty_library, [path], cancel=CancelToken())
    assert isinstance(last, ImportFinished)
    return last.report


def texts(empty_library: Library) -> list[tuple[object, ...]]:
    return [
        (pair.prompt, pair.good, pair.bad, pair.group, pair.margin, pair.confidence)
        for pair in list_pairs(empty_library)
    ]


def test_a_dataset_is_written_in_the_seed_format(empty_library: Library, tmp_path: Path) -> None:
    cycle = drafted_cycle(empty_library, QUESTIONS)
    extract_cycle(empty_library, cycle)
    assert export_dataset(empty_library, tmp_path / "none.jsonl") == 0
    accept_all(empty_library)
    path = tmp_path / "new folder" / "out.jsonl"
    assert export_dataset(empty_library, path) == 3
    first = json.loads(path.read_text(encoding="utf-8").split("\n")[0])
    assert list(first)[:4] == ["prompt", "completion", "bad_example", "iteration"]
    assert (first["prompt"], first["iteration"], first["cycle"], first["state"]) == ("Why so?", 4, cycle, "accepted")
    assert export_dataset(empty_library, path, cycle=cycle + 1) == 0
    assert export_dataset(empty_library, path, state=PairState.REJECTED) == 0


def test_a_dataset_comes_back_into_another_library(
    empty_library: Library, second_library: Library, tmp_path: Path
) -> None:
    extract_cycle(empty_library, drafted_cycle(empty_library, QUESTIONS))
    assign_splits(empty_library, {"talk": Split.TRAIN})
    prompt = (
        Message("system", "Be brief."),
        Message("user", "Why\u2028?"),
        Message("assistant", "x"),
        Message("user", "y"),
    )
    add_pairs(empty_library, [NewPair(prompt, None, "only bad", "talk", Origin.IMPORTED, extra={"source": "book"})])
    accept_all(empty_library)
    export_dataset(empty_library, tmp_path / "out")
    assert imported(second_library, tmp_path / "out").pairs_added == 4
    assert texts(second_library) == texts(empty_library)
    assert list_pairs(second_library)[3].extra["source"] == "book"
    assert imported(empty_library, tmp_path / "out").files[0].duplicates == 4


def test_a_compressed_dataset_is_the_same_bytes_every_time(empty_library: Library, tmp_path: Path) -> None:
    extract_cycle(empty_library, drafted_cycle(empty_library, QUESTIONS))
    accept_all(empty_library)
    for name in ("a.jsonl.gz", "b.jsonl.gz", "c.jsonl"):
        export_dataset(empty_library, tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()) == (tmp_path / "c.jsonl").read_bytes()


def test_a_file_that_can_not_be_written_is_said_plainly(empty_library: Library, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KnownError):
        export_dataset(empty_library, tmp_path / "file" / "out.jsonl")
    with pytest.raises(KnownError):
        export_drafts(empty_library, tmp_path / "file" / "drafts")


def test_drafts_are_files_that_give_the_same_pairs_again(
    empty_library: Library, second_library: Library, tmp_path: Path
) -> None:
    extract_cycle(empty_library, drafted_cycle(empty_library, QUESTIONS))
    folder = tmp_path / "new" / "drafts"
    folder.parent.mkdir()
    assert export_drafts(empty_library, folder) == 3
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [
        f"cycle-001-question-000{number}" for number in range(3)
    ]
    assert (folder / "cycle-001-question-0001" / "draft-02.txt").read_text(encoding="utf-8").startswith("To Como é?")
    (file,) = imported(second_library, folder).files
    assert (file.format, file.rows_read, file.imported, file.refused) == ("drafts folder", 3, 3, ())
    assert file.warnings == ("Questions without a pair, since no two of their drafts differ enough: 1.",)
    assert texts(second_library) == texts(empty_library)
    assert {(pair.origin, pair.question_id) for pair in list_pairs(second_library)} == {(Origin.IMPORTED, None)}
    assert imported(empty_library, folder).files[0].duplicates == 3


def test_a_folder_with_something_in_it_is_not_touched(empty_library: Library, tmp_path: Path) -> None:
    (tmp_path / "drafts").mkdir()
    assert export_drafts(empty_library, tmp_path / "drafts") == 0
    with pytest.raises(KnownError):
        export_drafts(empty_library, tmp_path / "drafts")
    assert not list(tmp_path.glob("*partial*"))


@pytest.mark.parametrize("damage", ["{", "[]", '{"iteration": 1}', '{"iteration": 1, "state": "odd", "reasoning": ""}'])
def test_a_damaged_question_folder_is_refused_alone(
    empty_library: Library, second_library: Library, tmp_path: Path, damage: str
) -> None:
    drafted_cycle(empty_library, QUESTIONS)
    export_drafts(empty_library, tmp_path / "drafts")
    (tmp_path / "drafts" / "cycle-001-question-0000" / "draft-01.json").write_text(damage, encoding="utf-8")
    (file,) = imported(second_library, tmp_path / "drafts").files
    assert [refusal.line for refusal in file.refused] == [0]
    assert "cycle-001-question-0000" in file.refused[0].reason
    assert file.imported == 1


@pytest.mark.parametrize("format", ["seed", "trl", "openai-preference", "alpaca-ranking", "sft"])
def test_each_format_goes_out_and_comes_in_again(
    empty_library: Library, second_library: Library, tmp_path: Path, format: str
) -> None:
    assign_splits(empty_library, {"g": Split.TRAIN})
    asked = (Message("system", "s"), Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    pairs = [
        NewPair(asked, "good é", "bad", "g", Origin.DRAFTED, confidence=0.9),
        NewPair(asked, "other", None, "g", Origin.DRAFTED, confidence=0.85),
        NewPair(asked, "unsure", "bad", "g", Origin.DRAFTED, confidence=0.1),
    ]
    add_pairs(empty_library, pairs, state=PairState.ACCEPTED)
    path = tmp_path / "out.jsonl.gz"
    report = export_pairs(empty_library, path, format, PairFilter(min_confidence=0.8))
    assert gzip.decompress(path.read_bytes()).count(b"\n") == report.pairs
    one_sided = format in ("seed", "sft")
    assert (report.pairs, sum(report.left_out.values())) == ((2, 0) if one_sided else (1, 1))
    assert report.bad_dropped == (format == "sft")
    assert imported(second_library, path).pairs_added == report.pairs
    expected = [("good é", None if format == "sft" else "bad"), ("other", None)][: report.pairs]
    assert [(pair.good, pair.bad) for pair in list_pairs(second_library)] == expected
    assert {pair.prompt for pair in list_pairs(second_library)} == {asked}
