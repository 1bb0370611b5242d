"""Whether the library and the files around it are sound."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lorastudio.domain.files import sha256_of
from lorastudio.domain.run import RunState
from lorastudio.store import upgrade
from lorastudio.store.gate_looks import list_looks
from lorastudio.store.library import Library
from lorastudio.store.runs import list_runs
from lorastudio.store.versions import list_versions
from lorastudio.training.protocol import ADAPTER_FILE

LOW_DISK_BYTES = 5_000_000_000
PARTIAL_FILES = "*.partial-*"
TRAINING_SET = "train.jsonl"

_SHOWN = 5
# What must hold between `pairs` and the tables that its triggers keep: each asks whether it doesn't.
_RECOUNTS = {
    "the pairs that are listed": "SELECT EXISTS (SELECT id FROM pairs EXCEPT SELECT pair_id FROM pair_facets)"
    " OR EXISTS (SELECT pair_id FROM pair_facets EXCEPT SELECT id FROM pairs)",
    "the states that are counted": "SELECT EXISTS (SELECT 1 FROM pairs JOIN pair_facets ON pair_id = pairs.id"
    " JOIN pair_cells ON pair_cells.id = cell_id WHERE (pairs.state, pairs.decided_by, pairs.hidden)"
    " <> (pair_cells.state, pair_cells.decided_by, pair_cells.hidden))",
    "the counts": "SELECT EXISTS (SELECT 1 FROM pair_cells WHERE pairs <>"
    " (SELECT count(*) FROM pair_facets WHERE cell_id = pair_cells.id))",
}
_NEED_NO_FILES = frozenset({RunState.FAILED, RunState.DISCARDED})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `hint` says what to do when it is not `ok`."""

    name: str
    ok: bool
    message: str
    hint: str = ""


def check(library: Library, *, hashes: bool = False) -> list[Finding]:
    """Look at everything; changes nothing. `hashes` also reads every adapter and compares its hash."""
    return [
        _library(library),
        _integrity(library),
        _references(library),
        _counts(library),
        _missing_files(library),
        *([_changed_adapters(library)] if hashes else []),
        _orphans(library),
        _unfinished_files(library),
        _disk(library.home),
    ]


def _library(library: Library) -> Finding:
    if not library.path.exists():
        return Finding("library", True, f"There is no library in {library.home} yet.")
    return Finding("library", True, f"{library.path}, format {upgrade.version_of(library.db)}.")


def _integrity(library: Library) -> Finding:
    errors = [row[0] for row in library.rows("PRAGMA integrity_check") if row[0] != "ok"]
    return _verdict(
        "integrity", errors, "The file is sound.", "The file is damaged", "Put back your last backup of library.db."
    )


def _references(library: Library) -> Finding:
    broken = [f"{row[0]} {row[1]} → {row[2]}" for row in library.rows("PRAGMA foreign_key_check")]
    return _verdict(
        "references", broken, "All rows refer to rows that exist.", "Rows refer to rows that are gone",
        "Put back your last backup of library.db.",
    )  # fmt: skip


def _counts(library: Library) -> Finding:
    """Whether what lists and counts of pairs go by agrees with the pairs themselves."""
    wrong = [name for name, sql in _RECOUNTS.items() if library.value(sql)]
    return _verdict(
        "counts", wrong, "Lists and counts of pairs agree with the pairs.", "These disagree with the pairs",
        "Put back your last backup of library.db, and report this: it is our fault.",
    )  # fmt: skip


def _missing_files(library: Library) -> Finding:
    needed = [Path(version.model_path) / ADAPTER_FILE for version in list_versions(library)]
    needed += [
        library.home / "runs" / str(run.id) / TRAINING_SET
        for run in list_runs(library)
        if run.dataset_hash and run.state not in _NEED_NO_FILES
    ]
    missing = [_shown(library.home, path) for path in needed if not path.is_file()]
    return _verdict(
        "missing files", missing, "All versions and runs have their files.", "Files are missing",
        "Put them back from a backup; a version without files can't be deployed.",
    )  # fmt: skip


def _changed_adapters(library: Library) -> Finding:
    changed = [
        f"version {version.version}"
        for version in list_versions(library)
        if (adapter := Path(version.model_path) / ADAPTER_FILE).is_file() and sha256_of(adapter) != version.adapter_hash
    ]
    return _verdict(
        "adapters", changed, "All adapters are as they were trained.", "Adapters were changed",
        "Put their folders back from a backup, or train them again.",
    )  # fmt: skip


def _orphans(library: Library) -> Finding:
    known = {
        "versions": {Path(version.model_path).name for version in list_versions(library)},
        "runs": {str(run.id) for run in list_runs(library)},
        "gates": {str(look.id) for look in list_looks(library)},
    }
    orphans = [
        f"{folder}/{path.name}"
        for folder, names in known.items()
        for path in _children(library.home / folder)
        if path.name not in names and not path.match(PARTIAL_FILES)
    ]
    return _verdict(
        "orphan files", orphans, "No file lies about that the library doesn't know.",
        "The library doesn't know of", "Nothing needs them; remove them if you want the space.",
    )  # fmt: skip


def _unfinished_files(library: Library) -> Finding:
    left = [_shown(library.home, path) for path in sorted(library.home.rglob(PARTIAL_FILES)) if not _writer_lives(path)]
    return _verdict(
        "unfinished files", left, "No unfinished file was left behind.", "A program that was killed left",
        "Nothing needs them; remove them.",
    )  # fmt: skip


def _disk(home: Path) -> Finding:
    place = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Finding(
        "disk space",
        free >= LOW_DISK_BYTES,
        f"{free / 1e9:.1f} GB free.",
        "" if free >= LOW_DISK_BYTES else f"Free some space: training and versions need {LOW_DISK_BYTES / 1e9:.0f} GB.",
    )


def _verdict(name: str, faults: list[str], good: str, bad: str, hint: str) -> Finding:
    if not faults:
        return Finding(name, True, good)
    more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return Finding(name, False, f"{bad}: {', '.join(faults[:_SHOWN])}{more}.", hint)


def _children(folder: Path) -> list[Path]:
    """What lies in a folder, but for what the system hides there (.DS_Store)."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _shown(home: Path, path: Path) -> str:
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)


def _writer_lives(partial: Path) -> bool:
    """Whether the process in the file's name (`….partial-<pid>`) is still at work on it."""
    pid = partial.name.rpartition("-")[2]
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
