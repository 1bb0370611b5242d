"""Freezing: the rows of a run, written down once and never changed, whatever happens in the library.

A folder gets `train.jsonl`, `development.jsonl`, `heldout.jsonl` (rows as in `training.protocol`), `left_out.jsonl`
(every other row, as `{"id", "reason"}`) and `dataset.json` with their counts and hash.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Self

from lorastudio.datasets.imported import as_new_pair
from lorastudio.datasets.lint import Finding
from lorastudio.datasets.neighbours import Neighbourhood, view
from lorastudio.datasets.reading import ExampleFile, ReadExample
from lorastudio.datasets.split import split_of
from lorastudio.domain.errors import ImportFileError
from lorastudio.domain.files import atomic_writer, sha256_of, write_atomic
from lorastudio.domain.messages import as_records
from lorastudio.domain.pair import NewPair, PairState, Split
from lorastudio.services.arrivals import every_pair, gate_texts
from lorastudio.services.exporting import write_seed_file
from lorastudio.services.write_failures import plain_write_failures
from lorastudio.store.gate_questions import text_key
from lorastudio.store.library import Library
from lorastudio.store.pairs import pair_hash

DATASET_FILE = "dataset.json"
LEFT_OUT_FILE = "left_out.jsonl"
UNKNOWN_LANGUAGE = "unknown"


class Outcome(StrEnum):
    """What becomes of a row: one of three files, or why it is left out."""

    TRAIN = "train"
    DEVELOPMENT = "development"
    HELDOUT = "heldout"
    QUARANTINED = "quarantined"
    GATE_QUESTION = "gate_questions"
    DUPLICATE = "duplicates"
    REFUSED = "refused"


# What becomes of rows in none of the files, in words.
LEFT_OUT = {
    Outcome.QUARANTINED: "near held-out text",
    Outcome.GATE_QUESTION: "asked at the gate",
    Outcome.DUPLICATE: "a duplicate",
    Outcome.REFUSED: "refused at reading",
}
FILES = {outcome: f"{outcome.value}.jsonl" for outcome in (Outcome.TRAIN, Outcome.DEVELOPMENT, Outcome.HELDOUT)}


@dataclass(frozen=True, slots=True)
class FrozenDataset:
    """What was frozen: rows by side, and the SHA-256 over all of them (64 hex digits).

    Left out were `quarantined` rows (near held-out text), `gate_questions` (never trained on), and of a file
    `duplicates` and `refused` rows. `languages` counts the rows of each side by what language they are in, as far
    as it is known ("en", "pt", "other", else "unknown").
    """

    hash: str
    train: int
    development: int
    heldout: int
    quarantined: int = 0
    gate_questions: int = 0
    duplicates: int = 0
    refused: int = 0
    languages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What was frozen into `folder`."""
        return cls(**json.loads((folder / DATASET_FILE).read_bytes()))


def frozen_rows(folder: Path, side: Split) -> Iterator[dict[str, Any]]:
    """The rows of one side of a frozen set, as `training.protocol` describes them."""
    with (folder / f"{side.value}.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def frozen_left_out(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows that freezing left out, as `{"id", "reason"}`; none where an older version froze them."""
    if (folder / LEFT_OUT_FILE).is_file():
        with (folder / LEFT_OUT_FILE).open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


class _Judged(NamedTuple):
    id: int
    pair: NewPair | None
    outcome: Outcome


def freeze_accepted(library: Library, folder: Path) -> FrozenDataset:
    """Write the accepted pairs, in the order of their ids, into the folder, which must exist."""
    return _freeze(folder, _accepted(library))


def freeze_file(source: Path, folder: Path, aside: Collection[str] = frozenset()) -> FrozenDataset:
    """The same from a file in any of the accepted formats, by the same split; the library is left alone.

    Rows count from 1. `aside` are the texts of the gate's questions, see `gate_texts`. `ImportFileError` when
    the file can't be opened or holds no row that can be used.
    """
    frozen = _freeze(folder, _judged_file(source, aside))
    if not frozen.train + frozen.development + frozen.heldout + frozen.quarantined:
        raise ImportFileError(
            f"{source} holds no row that can be trained on ({frozen.refused} rows refused).",
            "`lorastudio import` names each line and what is wrong with it.",
        )
    return frozen


def write_dataset(library: Library, folder: Path, *, compress: bool = False) -> FrozenDataset:
    """Write the accepted pairs in the seed format for use elsewhere: `train.jsonl` (with the development set)
    and `validation.jsonl` (held out); with `compress` both end in `.gz`. Makes the folder where needed."""
    ending = ".jsonl.gz" if compress else ".jsonl"
    sides = {"train": (Outcome.TRAIN, Outcome.DEVELOPMENT), "validation": (Outcome.HELDOUT,)}
    aside = gate_texts(library)
    for name, outcomes in sides.items():
        accepted = every_pair(library, state=PairState.ACCEPTED)
        write_seed_file(folder / f"{name}{ending}", (p for p in accepted if _outcome(p, p.split, aside) in outcomes))
    tally = Counter(row.outcome for row in _accepted(library))
    return _summary(tally, [folder / f"{name}{ending}" for name in sides])


def _accepted(library: Library) -> Iterator[_Judged]:
    aside = gate_texts(library)
    for pair in every_pair(library, state=PairState.ACCEPTED):
        yield _Judged(pair.id, pair, _outcome(pair, pair.split, aside))


def _outcome(pair: NewPair, split: Split, aside: Collection[str]) -> Outcome:
    if text_key(pair.prompt[-1].content) in aside:
        return Outcome.GATE_QUESTION
    return Outcome.QUARANTINED if Finding.HELDOUT_CLASH in pair.lint else Outcome(split.value)


def _judged_file(source: Path, aside: Collection[str]) -> Iterator[_Judged]:
    """Reads the file twice: what is held out must be known before the first row is judged."""
    side_of, heldout = _sides(source)
    seen: set[str] = set()
    for number, pair in _pairs_of(source):
        if pair is None:
            yield _Judged(number, None, Outcome.REFUSED)
            continue
        digest, split = pair_hash(pair), side_of(pair.group)
        if digest in seen:
            yield _Judged(number, pair, Outcome.DUPLICATE)
            continue
        seen.add(digest)
        near = split is not Split.HELDOUT and heldout.around(view(pair)).clashes(split)
        yield _Judged(number, pair, _outcome(pair, Split.QUARANTINED if near else split, aside))


def _sides(source: Path) -> tuple[Callable[[str], Split], Neighbourhood]:
    """How the groups of a file are split, and what is held out.

    Where no group falls on the training side, as may be with very few of them, all are trained on.
    """
    heldout = Neighbourhood()
    sides: set[Split] = set()
    for _, pair in _pairs_of(source):
        if pair is None:
            continue
        side = split_of(pair.group)
        sides.add(side)
        if side is Split.HELDOUT:
            heldout.add(view(pair), side)
    if Split.TRAIN in sides:
        return split_of, heldout
    return lambda group: Split.TRAIN, Neighbourhood()


def _pairs_of(source: Path) -> Iterator[tuple[int, NewPair | None]]:
    try:
        with ExampleFile(source) as file:
            for number, item in enumerate(file.items(), 1):
                yield number, as_new_pair(item.example) if isinstance(item, ReadExample) else None
    except OSError as error:
        raise ImportFileError(f"{source} can't be read: {error.strerror or error}.", "Check the name.") from error


def _freeze(folder: Path, rows: Iterable[_Judged]) -> FrozenDataset:
    tally: Counter[Outcome] = Counter()
    languages: dict[str, Counter[str]] = {outcome.value: Counter() for outcome in FILES}
    with plain_write_failures(folder), ExitStack() as stack:
        files = {outcome: stack.enter_context(atomic_writer(folder / name)) for outcome, name in FILES.items()}
        left_out = stack.enter_context(atomic_writer(folder / LEFT_OUT_FILE))
        for row in rows:
            tally[row.outcome] += 1
            if row.outcome in files and row.pair is not None:
                languages[row.outcome.value][row.pair.language or UNKNOWN_LANGUAGE] += 1
                files[row.outcome].write(_as_line(row.id, row.pair))
            else:
                left_out.write(json.dumps({"id": row.id, "reason": LEFT_OUT[row.outcome]}).encode() + b"\n")
    counted = {side: dict(counts) for side, counts in languages.items()}
    frozen = replace(_summary(tally, [folder / name for name in FILES.values()]), languages=counted)
    write_atomic(folder / DATASET_FILE, json.dumps(asdict(frozen)).encode() + b"\n")
    return frozen


def _as_line(row_id: int, pair: NewPair) -> bytes:
    record = {"id": row_id, "prompt": as_records(pair.prompt), "good": pair.good, "bad": pair.bad}
    return json.dumps(record, ensure_ascii=False).encode("utf-8") + b"\n"


def _summary(tally: Counter[Outcome], files: list[Path]) -> FrozenDataset:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {sha256_of(file)}\n".encode())
    counts: dict[str, Any] = {outcome.value: tally[outcome] for outcome in Outcome}
    return FrozenDataset(hash=digest.hexdigest(), **counts)
