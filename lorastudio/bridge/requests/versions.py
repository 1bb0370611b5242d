"""Versions: what they are, what the gate said of them, where they came from, and judging one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.domain.version import ModelVersion
    from lorastudio.services.gate_review import DecidingQuestion
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.deployments import Deployment
    from lorastudio.store.library import Library

LIVE, CANDIDATE, ARCHIVED = "live", "candidate", "archived"
FAILED, UNDECIDED, NOT_JUDGED = "failed the gate", "not enough evidence", "not judged"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version with its state and its last gate report (the fields of `GateReport`), None when never judged."""

    version: ModelVersion
    state: str
    report: Record | None


@dataclass(frozen=True, slots=True)
class VersionsView:
    """All versions, the newest first. `live` None is the bare base; `back_to` is what a rollback would bring (0: the
    base), None when nothing was deployed yet. `base_accuracy` is the base's share from the newest comparison with it.
    """

    lines: tuple[VersionLine, ...]
    live: int | None
    live_since: str
    back_to: int | None
    base: str
    base_accuracy: float | None
    gate_questions: int
    history: tuple[Deployment, ...]


@dataclass(frozen=True, slots=True)
class VersionStory:
    """What is read of one version when it is looked at: what decided at the gate, and whether its files are whole.

    `problems` are in words, empty when every hash is right; `size` counts the bytes of its folder.
    """

    version: int
    deciding: tuple[DecidingQuestion, ...]
    problems: tuple[str, ...]
    size: int


def read_versions(library: Library) -> VersionsView:
    """Everything that the list shows."""
    from lorastudio.bridge.requests.overview import rollback_goal
    from lorastudio.services.base_models import default_base
    from lorastudio.store.deployments import list_deployments, live_version
    from lorastudio.store.gate_looks import last_report
    from lorastudio.store.gate_questions import list_gate_questions
    from lorastudio.store.versions import list_versions

    history = tuple(list_deployments(library))
    live = live_version(library)
    were_live = {entry.version for entry in history if entry.state == "done"}
    lines = tuple(
        VersionLine(version, _state(version, live, were_live), last_report(library, version.version))
        for version in reversed(list_versions(library))
    )
    since = [entry.finished_at for entry in history if entry.state == "done" and entry.version == live]
    return VersionsView(
        lines=lines,
        live=live,
        live_since=since[-1] if since else "",
        back_to=rollback_goal(library),
        base=default_base(library),
        base_accuracy=_base_accuracy(lines),
        gate_questions=len(list_gate_questions(library)),
        history=history,
    )


def read_version_story(library: Library, version: int) -> VersionStory:
    """Checks every answer of the last look and every file of the version: tenths of a second."""
    from pathlib import Path

    from lorastudio.deploy.version_folder import verify
    from lorastudio.services.gate_review import deciding_questions
    from lorastudio.store.versions import get_version

    folder = Path(get_version(library, version).model_path)
    size = sum(path.stat().st_size for path in folder.iterdir()) if folder.is_dir() else 0
    return VersionStory(version, tuple(deciding_questions(library, version)), tuple(verify(folder)), size)


def judge(library: Library, servers: LocalServers, cancel: CancelToken, version: int) -> Iterator[Event]:
    """Judge a version at the gate; ends with `GateFinished`."""
    from lorastudio.services.gating import gate_version
    from lorastudio.services.judging import judge_for

    yield from gate_version(library, version, judge=judge_for(library, servers, cancel), cancel=cancel)


def _state(version: ModelVersion, live: int | None, were_live: set[int | None]) -> str:
    if version.version == live:
        return LIVE
    if version.version in were_live:
        return ARCHIVED
    return {"better": CANDIDATE, "worse": FAILED, "not enough evidence": UNDECIDED}.get(
        version.verdict or "", NOT_JUDGED
    )


def _base_accuracy(lines: tuple[VersionLine, ...]) -> float | None:
    compared = [line.report for line in lines if line.report is not None and line.report["against"] == "base"]
    return compared[0]["baseline"] if compared else None
