"""Versions: finished adapters. What their folders hold is `deploy.version_folder`'s business."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from lorastudio.domain.clock import now
from lorastudio.domain.errors import KnownError
from lorastudio.domain.run import RunState
from lorastudio.domain.version import ModelVersion
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library
from lorastudio.store.runs import update_run


def add_version(library: Library, version: ModelVersion) -> None:
    """Record a version whose folder is in place, and its run as finished, together.

    A `model_path` inside the library's home is kept relative to it, so that the home can be moved.
    """
    with library.transaction():
        library.insert(
            "versions",
            {
                "version": version.version,
                "run_id": version.run_id,
                "base_model": version.base_model,
                "training_date": version.training_date,
                "num_examples": version.num_examples,
                "final_loss": version.final_loss,
                "validation_accuracy": version.validation_accuracy,
                "gate_accuracy": version.gate_accuracy,
                "baseline_accuracy": version.baseline_accuracy,
                "verdict": version.verdict,
                "config": to_json(version.config),
                "model_path": _relative(library.home, version.model_path),
                "parent": version.parent,
                "base_fingerprint": version.base_fingerprint,
                "template_hash": version.template_hash,
                "dataset_hash": version.dataset_hash,
                "adapter_hash": version.adapter_hash,
                "metrics": to_json(version.metrics),
            },
        )
        update_run(library, version.run_id, state=RunState.FINISHED, finished_at=now(), error="")


def get_version(library: Library, version: int) -> ModelVersion:
    """The version; KnownError when there is none."""
    row = library.row("SELECT * FROM versions WHERE version = ?", (version,))
    if row is None:
        raise KnownError(f"There is no version {version}.", "`lorastudio versions` lists them.")
    return _version(library.home, row)


def list_versions(library: Library) -> list[ModelVersion]:
    """All versions, oldest first; each `model_path` is absolute."""
    return [_version(library.home, row) for row in library.rows("SELECT * FROM versions ORDER BY version")]


def set_gate_result(
    library: Library, version: int, *, verdict: str, accuracy: float | None, baseline: float | None
) -> None:
    """Keep what the gate found last: its verdict, and its primary figure of the version and of its opponent."""
    library.execute(
        "UPDATE versions SET verdict = ?, gate_accuracy = ?, baseline_accuracy = ? WHERE version = ?",
        (verdict, accuracy, baseline, version),
    )


def _relative(home: Path, path: str) -> str:
    return str(Path(path).relative_to(home)) if Path(path).is_relative_to(home) else path


def _version(home: Path, row: sqlite3.Row) -> ModelVersion:
    return ModelVersion(
        version=row["version"],
        base_model=row["base_model"],
        training_date=row["training_date"],
        num_examples=row["num_examples"],
        final_loss=row["final_loss"],
        validation_accuracy=row["validation_accuracy"],
        gate_accuracy=row["gate_accuracy"],
        baseline_accuracy=row["baseline_accuracy"],
        config=from_json(row["config"]),
        model_path=str(home / row["model_path"]),
        parent=row["parent"],
        base_fingerprint=row["base_fingerprint"],
        template_hash=row["template_hash"],
        dataset_hash=row["dataset_hash"],
        adapter_hash=row["adapter_hash"],
        run_id=row["run_id"],
        verdict=row["verdict"],
        metrics=from_json(row["metrics"]),
    )
