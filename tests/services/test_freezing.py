"""The rows of a run, frozen from the library or from a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from lorastudio.datasets.groups import group_of
from lorastudio.datasets.lint import Finding
from lorastudio.datasets.split import split_of
from lorastudio.domain.errors import ImportFileError
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState, Split
from lorastudio.services.arrivals import gate_texts
from lorastudio.services.freezing import FrozenDataset, freeze_accepted, freeze_file, frozen_left_out, write_dataset
from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, count_pairs

SIDES = (Split.TRAIN, Split.DEVELOPMENT, Split.HELDOUT, Split.QUARANTINED)


def accept_pairs(empty_library: Library, count: int = 8) -> None:
    assign_splits(empty_library, {side.value: side for side in SIDES})
    pairs = [
        NewPair(user(f"Question {n}?"), f"good {n}", f"bad {n}", SIDES[n % 4].value, Origin.IMPORTED)
        for n in range(count)
    ]
    add_pairs(empty_library, pairs, state=PairState.ACCEPTED, decided_by=Decider.PERSON)


def frozen_rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_bytes().split(b"\n")[:-1]]


def test_accepted_pairs_by_side_in_the_order_of_their_ids(empty_library: Library, tmp_path: Path) -> None:
    accept_pairs(empty_library)
    frozen = freeze_accepted(empty_library, tmp_path)
    assert (frozen.train, frozen.development, frozen.heldout, frozen.quarantined) == (2, 2, 2, 2)
    assert frozen_rows(tmp_path, "train") == [
        {"id": 1, "prompt": [{"role": "user", "content": "Question 0?"}], "good": "good 0", "bad": "bad 0"},
        {"id": 5, "prompt": [{"role": "user", "content": "Question 4?"}], "good": "good 4", "bad": "bad 4"},
    ]
    assert [row["id"] for row in frozen_rows(tmp_path, "heldout")] == [3, 7]
    assert FrozenDataset.read(tmp_path) == frozen


def test_the_hash_is_that_of_the_rows(empty_library: Library, tmp_path: Path) -> None:
    accept_pairs(empty_library)
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    first, second = freeze_accepted(empty_library, folders[0]), freeze_accepted(empty_library, folders[1])
    assert first == second
    accept_pairs(empty_library, 9)
    assert freeze_accepted(empty_library, folders[2]).hash != first.hash


def test_clashes_gate_questions_and_what_is_not_accepted_stay_out(empty_library: Library, tmp_path: Path) -> None:
    accept_pairs(empty_library, 2)
    add_gate_questions(empty_library, [NewGateQuestion("QUESTION 0?", "g", "en")])
    clash = NewPair(user("a"), "b", None, Split.TRAIN.value, Origin.IMPORTED, lint=(Finding.HELDOUT_CLASH,))
    add_pairs(empty_library, [clash], state=PairState.ACCEPTED)
    add_pairs(empty_library, [NewPair(user("p"), "q", None, Split.TRAIN.value, Origin.IMPORTED)])
    frozen = freeze_accepted(empty_library, tmp_path)
    assert (frozen.train, frozen.development, frozen.quarantined, frozen.gate_questions) == (0, 1, 1, 1)


def test_answers_that_are_only_good_or_only_bad_come_through(tmp_path: Path) -> None:
    rows = [{"prompt": f"Question {n}?", "completion": f"answer {n}", "label": n % 3 > 0} for n in range(12)]
    (tmp_path / "thumbs").write_text("".join(json.dumps(row) + "\n" for row in rows))
    freeze_file(tmp_path / "thumbs", tmp_path)
    frozen = [row for side in SIDES[:3] for row in frozen_rows(tmp_path, side.value)]
    assert len(frozen) == 12
    for row in frozen:
        answer = f"answer {row['id'] - 1}"
        liked = (row["id"] - 1) % 3 > 0
        assert (row["good"], row["bad"]) == ((answer, None) if liked else (None, answer))


def test_languages_are_counted_by_side(tmp_path: Path) -> None:
    texts = ["The sample was kept in the oven for two hours.", "A amostra foi mantida no forno por duas horas."]
    rows = [{"prompt": f"Question {n}?", "completion": texts[n % 2]} for n in range(40)]
    (tmp_path / "f").write_text("".join(json.dumps(row) + "\n" for row in rows))
    frozen = freeze_file(tmp_path / "f", tmp_path)
    assert FrozenDataset.read(tmp_path) == frozen
    assert {language for counts in frozen.languages.values() for language in counts} == {"en", "pt"}
    assert sum(frozen.languages["train"].values()) == frozen.train


def write_file(path: Path, count: int) -> Path:
    rows = [{"prompt": f"Question {n}?", "completion": f"good {n}", "bad_example": f"bad {n}"} for n in range(count)]
    path.write_text("\n".join(json.dumps(row) for row in [*rows, {"x": 1}, rows[0]]), encoding="utf-8")
    return path


def test_a_file_is_frozen_by_the_same_split_and_the_library_left_alone(empty_library: Library, tmp_path: Path) -> None:
    add_gate_questions(empty_library, [NewGateQuestion("Question 0?", "g", "en")])
    frozen = freeze_file(write_file(tmp_path / "f", 100), tmp_path, gate_texts(empty_library))
    sides = [split_of(group_of(f"Question {n}?")) for n in range(1, 100)]
    assert (frozen.train, frozen.development, frozen.heldout) == tuple(sides.count(side) for side in SIDES[:3])
    assert frozen.heldout > 0
    assert (frozen.refused, frozen.duplicates, frozen.gate_questions) == (1, 1, 1)
    assert frozen_rows(tmp_path, "train")[0]["id"] == sides.index(Split.TRAIN) + 2
    assert sum(count_pairs(empty_library).values()) == 0


def test_rows_of_a_file_near_its_held_out_rows_are_left_out(tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(50))
    path = tmp_path / "f"
    rows = [{"prompt": text, "completion": f"{text} {n}", "group": group} for n, group in enumerate(["a", "o", "b"])]
    path.write_text(json.dumps(rows), encoding="utf-8")
    frozen = freeze_file(path, tmp_path)
    assert (frozen.train, frozen.heldout, frozen.quarantined) == (0, 1, 2)
    assert list(frozen_left_out(tmp_path)) == [{"id": row, "reason": "near held-out text"} for row in (1, 3)]


@pytest.mark.parametrize("data", [None, b"", b"PK\x03\x04", b'{"x": 1}'])
def test_a_file_without_usable_rows_is_said_plainly(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "f").write_bytes(data)
    with pytest.raises(ImportFileError):
        freeze_file(tmp_path / "f", tmp_path)


@pytest.mark.parametrize("compress", [False, True])
def test_a_dataset_for_use_elsewhere(empty_library: Library, tmp_path: Path, compress: bool) -> None:
    accept_pairs(empty_library)
    folder = tmp_path / "out"
    frozen = write_dataset(empty_library, folder, compress=compress)
    assert (frozen.train, frozen.development, frozen.heldout, frozen.quarantined) == (2, 2, 2, 2)
    counts = {}
    for path in folder.iterdir():
        data = path.read_bytes()
        counts[path.name] = (gzip.decompress(data) if compress else data).count(b"\n")
    ending = ".jsonl.gz" if compress else ".jsonl"
    assert counts == {f"train{ending}": 4, f"validation{ending}": 2}
    again = freeze_file(folder / f"train{ending}", tmp_path)
    assert again.train + again.development + again.heldout == 4


@pytest.mark.parametrize("side", [Split.HELDOUT, Split.DEVELOPMENT])
def test_a_file_that_would_leave_nothing_to_train_on_is_trained_on_whole(tmp_path: Path, side: Split) -> None:
    prompt = next(text for n in range(1000) if split_of(group_of(text := f"Question {n}?")) is side)
    rows = [{"prompt": prompt, "completion": f"good {n}", "bad_example": f"bad {n}"} for n in range(3)]
    (tmp_path / "f").write_text("".join(json.dumps(row) + "\n" for row in rows))
    frozen = freeze_file(tmp_path / "f", tmp_path)
    assert (frozen.train, frozen.development, frozen.heldout, frozen.quarantined) == (3, 0, 0, 0)
