"""What a person decides about pairs, and files of them going in and out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.end_to_end.program import Program

KEYS = {
    "id",
    "state",
    "prompt",
    "good",
    "bad",
    "margin",
    "confidence",
    "calibrated_confidence",
    "iteration",
    "group",
    "split",
    "language",
    "lint",
    "origin",
    "decided_by",
    "cycle_id",
    "question_id",
    "good_draft_id",
    "bad_draft_id",
    "import_id",
    "extra",
    "text_hash",
    "created_at",
}
GOOD_ROWS = (
    {"prompt": "Why is the sky blue?", "completion": "Because of scattering.", "bad_example": "Magic.", "iteration": 1},
    {"prompt": "Quem é você?", "completion": "Um programa.", "bad_example": None},
)


def seed_file(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_pairs_are_shown_with_all_that_is_known(program: Program) -> None:
    shown = program.json("pairs")
    assert set(shown) == {"pairs", "counts"}
    assert set(shown["counts"]) == {"pending", "accepted", "rejected"}
    assert all(set(pair) == KEYS for pair in shown["pairs"])
    first = shown["pairs"][0]
    assert first["prompt"][-1]["role"] == "user"
    assert (first["state"], first["decided_by"], first["origin"]) == ("accepted", "rule", "drafted")
    ids = [pair["id"] for pair in shown["pairs"]]
    assert ids == sorted(ids)
    assert program.json("pairs", "--limit", "1", "--after", str(ids[0]))["pairs"][0]["id"] == ids[1]
    assert program.json("pairs", "--state", "rejected")["pairs"] == []
    found = program.json("pairs", "--search", first["good"])["pairs"]
    assert first in found
    people = program.run("pairs", "--limit", "2")
    assert "Prompt" in people.out
    assert people.err == ""


def test_what_is_decided_can_be_taken_back(program: Program) -> None:
    first, second = program.json("pairs", "--limit", "2")["pairs"]
    rejected = program.json("reject", str(first["id"]), str(second["id"]))
    assert rejected == {"changed": [first["id"], second["id"]], "count": 2, "undo": "rejection of 2 pairs"}
    assert program.json("pairs", "--state", "rejected")["counts"]["rejected"] == 2
    assert program.json("undo") == {**rejected}
    edited = program.json("edit", str(first["id"]), "--good", "-", stdin="Ein besserer Text.\n")
    assert edited["count"] == 1
    now = program.json("pairs", "--limit", "1")["pairs"][0]
    assert (now["good"], now["bad"], now["state"]) == ("Ein besserer Text.", first["bad"], "accepted")
    program.json("undo")
    assert program.json("pairs", "--limit", "1")["pairs"] == [first]
    assert "There is no pair 999" in program.refusal("accept", str(first["id"]), "999")
    program.refusal("accept", code=2)
    program.refusal("reject", "1", "--all-pending", code=2)
    program.refusal("edit", str(first["id"]), "--good", " ", code=2)


def test_imported_pairs_wait_and_damaged_lines_are_named(fresh: Program, tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in GOOD_ROWS]
    file = seed_file(tmp_path / "Übung 1.jsonl", rows[0], '{"prompt": "cut', rows[1], rows[0])
    report = fresh.json("import", file)
    assert report["pairs_added"] == 2
    (told,) = report["files"]
    refused = told.pop("refused")
    assert (
        told.items()
        >= {
            "path": str(file),
            "format": "seed",
            "confidence": 1.0,
            "rows_read": 4,
            "imported": 2,
            "repaired": 0,
            "duplicates": 1,
            "warnings": [],
        }.items()
    )
    assert [refusal["line"] for refusal in refused] == [2]
    assert "JSON" in refused[0]["reason"]
    assert fresh.json("pairs")["counts"] == {"pending": 2, "accepted": 0, "rejected": 0}
    assert fresh.json("import", file, code=1)["pairs_added"] == 0
    assert fresh.json("accept", "--all-pending")["count"] == 2
    ready = fresh.json("ready")
    assert set(ready) == {"ready", "accepted", "needed", "min_confidence", "reasons"}
    assert (ready["ready"], ready["accepted"], ready["needed"], ready["min_confidence"]) == (False, 2, 1000, 0.8)


def test_a_dataset_holds_the_accepted_pairs_and_comes_in_again(
    program: Program, fresh: Program, tmp_path: Path
) -> None:
    accepted = program.json("pairs", "--state", "accepted")["pairs"]
    plain, packed = tmp_path / "out" / "set.jsonl", tmp_path / "set.jsonl.gz"
    assert program.json("dataset", plain, "--cycle", "1") == {"path": str(plain), "pairs": len(accepted)}
    program.json("dataset", packed)
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    rows = [json.loads(line) for line in plain.read_text("utf-8").splitlines()]
    assert all({"prompt", "completion", "bad_example", "iteration"} <= row.keys() for row in rows)
    assert [row["completion"] for row in rows] == [pair["good"] for pair in accepted]
    assert program.json("dataset", plain, "--state", "rejected")["pairs"] == 0
    assert plain.read_bytes() == b""
    report = fresh.json("import", packed, "--accept")
    assert report["pairs_added"] == len(accepted)
    again = fresh.json("pairs", "--state", "accepted")["pairs"]
    assert [(pair["prompt"], pair["good"], pair["bad"]) for pair in again] == [
        (pair["prompt"], pair["good"], pair["bad"]) for pair in accepted
    ]


def test_drafts_are_written_as_files_and_give_the_same_pairs_again(
    program: Program, fresh: Program, tmp_path: Path
) -> None:
    written = program.json("drafts", tmp_path / "drafts")
    assert written == {"path": str(tmp_path / "drafts"), "questions": 6}
    assert len([item for item in (tmp_path / "drafts").iterdir() if item.is_dir()]) == 6
    assert "not an empty folder" in program.refusal("drafts", tmp_path / "drafts")
    drafted = program.json("pairs")["pairs"]
    assert fresh.json("import", tmp_path / "drafts")["pairs_added"] == len(drafted)
    again = fresh.json("pairs")["pairs"]
    assert {(pair["good"], pair["bad"]) for pair in again} == {(pair["good"], pair["bad"]) for pair in drafted}
