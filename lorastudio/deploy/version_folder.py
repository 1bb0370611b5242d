"""A version on disk: an immutable folder named by its number and the hash of its content.

`<versions>/<number>-<hash12>/` holds the adapter and its config, golden.json, and card.json, which lists the
SHA-256 of every other file; hash12 is the start of the card's own hash. No file depends on time or place, so
the same training gives the same folder. The adapter gets its final name in the last step of all: wherever
an `adapters.safetensors` lies, its version is whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from lorastudio.domain.errors import KnownError
from lorastudio.domain.files import fsync_file, fsync_folder, sha256_of, write_atomic
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_FILE, ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE

VERSIONS = "versions"
CARD_FILE = "card.json"
CARD_FORMAT = 1
HASH_DIGITS = 12
UNFINISHED = "unfinished-"
_READ_ONLY = 0o444
_NAME = re.compile(rf"(\d+)-([0-9a-f]{{{HASH_DIGITS}}})")
# What of a run's result describes the version; the rest (such as rows left out) describes the run.
_METRICS = (
    "steps",
    "num_examples",
    "final_loss",
    "validation_accuracy",
    "reference_accuracy",
    "heldout_loss",
    "token_accuracy",
    "best_step",
    "skipped_steps",
    "backend",
)


def build_version(home: Path, number: int, output: Path, *, lineage: dict[str, Any]) -> Path:
    """Make version `number` of what a run left in `output`; returns the finished folder.

    `lineage` goes into the card and must hold neither times nor places of this machine. May be repeated
    after a crash at any moment, with the same result. `output` is only read. KnownError when it is not what
    the worker said it wrote, or when the disk is full.
    """
    card = _card(number, output, lineage)
    folder = home / VERSIONS / f"{number}-{_hash_of(card)}"
    if not folder.is_dir():
        try:
            _stage(folder, output, card)
        except OSError as error:
            raise KnownError(
                f"Version {number} could not be written to {folder.parent}: {error.strerror}.",
                "Free some space and resume the run; nothing is lost.",
            ) from error
    partial = folder / ADAPTER_PARTIAL
    if partial.exists():
        partial.rename(folder / ADAPTER_FILE)
        fsync_folder(folder)
    if problems := verify(folder):
        raise KnownError(f"Version {number} is damaged on disk: {'; '.join(problems)}.", "Train it again.")
    return folder


def verify(folder: Path) -> list[str]:
    """What is wrong with a finished version's folder, in words; an empty list when every hash is right."""
    named = _NAME.fullmatch(folder.name)
    try:
        card_bytes = (folder / CARD_FILE).read_bytes()
        files = dict(json.loads(card_bytes)["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{CARD_FILE} in {folder} is missing or unreadable"]
    problems = []
    if named is None or named.group(2) != _hash_of(card_bytes):
        problems.append(f"{CARD_FILE} does not belong to the folder {folder.name}")
    for name, expected in sorted(files.items()):
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif sha256_of(path) != expected:
            problems.append(f"{name} was changed")
    extra = sorted(path.name for path in folder.iterdir() if path.name not in {*files, CARD_FILE})
    return problems + [f"{name} does not belong there" for name in extra]


def read_card(folder: Path) -> dict[str, Any]:
    """The version's card; KnownError when it can't be read."""
    return _read_object(folder / CARD_FILE)


def _card(number: int, output: Path, lineage: dict[str, Any]) -> bytes:
    """The card's bytes: the same for the same content."""
    result = _read_object(output / RESULT_FILE)
    files = {name: _hash_or_refuse(output / name) for name in (ADAPTER_CONFIG, GOLDEN_FILE)}
    files[ADAPTER_FILE] = _hash_or_refuse(output / ADAPTER_PARTIAL)
    if files[ADAPTER_FILE] != result.get("adapter_hash"):
        raise KnownError(f"The adapter in {output} is not the one that the run wrote.", "Train it again.")
    card = {
        "format": CARD_FORMAT,
        "version": number,
        "base_fingerprint": result.get("base_fingerprint"),
        "template_hash": result.get("template_hash"),
        "thinking": result.get("thinking"),
        "metrics": {name: result.get(name) for name in _METRICS},
        "lineage": lineage,
        "files": files,
    }
    return (json.dumps(card, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True) + "\n").encode()


def _stage(folder: Path, output: Path, card: bytes) -> None:
    """Write the folder beside and rename it into place; its adapter still has its unfinished name."""
    staging = folder.with_name(UNFINISHED + folder.name)
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        for name in (ADAPTER_CONFIG, GOLDEN_FILE, ADAPTER_PARTIAL):
            shutil.copyfile(output / name, staging / name)
            (staging / name).chmod(_READ_ONLY)
            fsync_file(staging / name)
        write_atomic(staging / CARD_FILE, card)
        (staging / CARD_FILE).chmod(_READ_ONLY)
        fsync_folder(staging)
        staging.rename(folder)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    fsync_folder(folder.parent)


def _hash_of(card: bytes) -> str:
    return hashlib.sha256(card).hexdigest()[:HASH_DIGITS]


def _hash_or_refuse(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise KnownError(
            f"{path} can't be read: {error.strerror}.", "Resume the run; it writes its result again."
        ) from error


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KnownError(f"{path} is missing or unreadable.", "Resume the run; it writes its result again.") from error
    if not isinstance(found, dict):
        raise KnownError(f"{path} holds no JSON object.", "Resume the run; it writes its result again.")
    return found
