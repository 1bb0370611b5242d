"""Totals over the whole library."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.store.deployments import live_version
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs
from lorastudio.store.runs import list_runs
from lorastudio.store.versions import list_versions


@dataclass(frozen=True, slots=True)
class Statistics:
    """`best_accuracy` is the greatest validation accuracy and `best_version` the version that has it; figures of
    different held-out sets don't compare strictly, which is why nothing is decided by it.
    """

    total_versions: int
    best_accuracy: float | None
    best_version: int | None
    live_version: int | None
    pairs: dict[str, int]
    runs: dict[str, int]


def statistics(library: Library) -> Statistics:
    """The totals as they are now."""
    versions = list_versions(library)
    judged = [version for version in versions if version.validation_accuracy is not None]
    best = max(judged, key=lambda version: version.validation_accuracy or 0.0, default=None)
    runs: dict[str, int] = {}
    for run in list_runs(library):
        runs[run.state.value] = runs.get(run.state.value, 0) + 1
    return Statistics(
        total_versions=len(versions),
        best_accuracy=None if best is None else best.validation_accuracy,
        best_version=None if best is None else best.version,
        live_version=live_version(library),
        pairs={state.value: count for state, count in count_pairs(library).items()},
        runs=runs,
    )
