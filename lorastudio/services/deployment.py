"""Deploying: preflight, stage, probe, flip, switch, probe again, with a journal that survives any crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from lorastudio.deploy.golden import read_golden
from lorastudio.deploy.targets.local import LOCAL, LocalTarget, Served
from lorastudio.deploy.version_folder import verify
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.deployment_events import DeploymentBegan, DeploymentDone, DeploymentStep, DeploymentStepped
from lorastudio.domain.errors import KnownError, RefusedError, UsageError
from lorastudio.domain.events import Event
from lorastudio.domain.gate import Verdict
from lorastudio.domain.version import ModelVersion
from lorastudio.processes.engine import Engine
from lorastudio.processes.jobs import Worker
from lorastudio.services.base_models import resolve_base
from lorastudio.store.deployments import (
    DeploymentKind,
    begin_deployment,
    finish_deployment,
    flip,
    get_deployment,
    list_deployments,
    live_version,
    unfinished_deployments,
)
from lorastudio.store.library import Library
from lorastudio.store.versions import get_version

# What the base is asked where no version's golden prompts are at hand.
PLAIN_PROMPTS = ("Hello.", "Write one sentence.")
BARE_BASE = 0  # the version number by which a person names the bare base model

WorkerSource = Callable[[], AbstractContextManager[Worker]]


def deploy_version(
    library: Library,
    version: int,
    engine: Engine,
    *,
    cancel: CancelToken,
    target: str = LOCAL,
    force: bool = False,
    reason: str = "",
    worker: WorkerSource | None = None,
) -> Iterator[Event]:
    """Make `version` the one that answers as "lorastudio"; ends with `DeploymentDone`.

    RefusedError unless the gate's verdict is "better", or `force` comes with a typed `reason`, which the
    journal keeps. When a probe fails the old version is put back and probed, the journal says so, and the
    error is raised.
    """
    _require_local(target)
    found = get_version(library, version)
    kind: DeploymentKind = "deploy"
    if found.verdict != Verdict.BETTER.value:
        _require_reason(found, force, reason)
        kind = "forced"
    yield from _deploy(library, version, engine, kind, reason.strip(), cancel, worker)


def rollback(
    library: Library,
    engine: Engine,
    version: int | None = None,
    *,
    cancel: CancelToken,
    target: str = LOCAL,
    worker: WorkerSource | None = None,
) -> Iterator[Event]:
    """Deploy an older version again, without the gate; ends with `DeploymentDone`.

    `version` 0 is the bare base model; None is what was live before the present version was deployed.
    Nothing is rewritten: the journal gets one more entry.
    """
    _require_local(target)
    wanted = rollback_goal(library, version, target)
    yield from _deploy(library, wanted, engine, "rollback", "", cancel, worker)


def rollback_goal(library: Library, version: int | None, target: str = LOCAL) -> int | None:
    """What a rollback to `version` (0: the base, None: what was live before) makes live; None is the base."""
    wanted = before_live(library, target) if version is None else version or None
    if wanted is not None:
        get_version(library, wanted)
    return wanted


def before_live(library: Library, target: str = LOCAL) -> int | None:
    """What was live before the live version was deployed (None: the base); KnownError when nothing was deployed."""
    live = live_version(library, target)
    for entry in reversed(list_deployments(library)):
        if entry.target == target and entry.state == "done" and entry.version == live and entry.kind != "rollback":
            return entry.previous
    raise KnownError("There is nothing to roll back to: no version was deployed.", "`lorastudio versions` lists them.")


def mend_deployments(library: Library) -> list[str]:
    """Finish or undo what a crash left in the middle; a line in words for each. Called before an engine starts.

    A flipped deployment had passed its probe, and an engine starts with what the pointer shows: it is done.
    One that was not flipped never changed anything.
    """
    lines = []
    for entry in unfinished_deployments(library):
        what = "the base model" if entry.version is None else f"version {entry.version}"
        if entry.state == "flipped":
            finish_deployment(library, entry.id, "done", "finished at the next start")
            lines.append(f"The deployment of {what} was interrupted after its switch; it is finished now.")
        else:
            finish_deployment(library, entry.id, "undone", "interrupted before the switch")
            lines.append(f"The deployment of {what} was interrupted before its switch; nothing has changed.")
    return lines


def _require_local(target: str) -> None:
    if target != LOCAL:
        raise UsageError(f"There is no deploy target {target!r}.", f"Known targets: {LOCAL}.")


def _require_reason(version: ModelVersion, force: bool, reason: str) -> None:
    said = "has not judged it yet" if version.verdict is None else f"says “{version.verdict}”"
    if not force:
        raise RefusedError(
            f"Version {version.version} is not deployed: the gate {said}.",
            f"See `lorastudio gate {version.version}`, or deploy it with --force and a reason.",
        )
    if not reason.strip():
        raise UsageError("Deploying against the gate needs a reason.", "Give it with --reason; the history keeps it.")


def _deploy(
    library: Library,
    version: int | None,
    engine: Engine,
    kind: DeploymentKind,
    reason: str,
    cancel: CancelToken,
    worker: WorkerSource | None,
) -> Iterator[Event]:
    """The steps, with the journal kept; whatever goes wrong, the old pointer stands again afterwards."""
    previous = live_version(library, LOCAL)
    number = begin_deployment(library, target=LOCAL, version=version, previous=previous, kind=kind, reason=reason)
    target = LocalTarget(engine)
    old, new = _served(library, previous), _served(library, version)
    try:
        yield DeploymentBegan(number, LOCAL, version, previous, kind)
        source = worker or (lambda: Worker(library.home / "logs"))
        yield from _steps(library, number, target, new, old, engine, cancel, source)
    except BaseException as error:
        _put_back(library, number, target, old, new, error)
        raise
    yield DeploymentDone(number, LOCAL, version, previous, kind)


def _steps(
    library: Library,
    number: int,
    target: LocalTarget,
    new: Served,
    old: Served,
    engine: Engine,
    cancel: CancelToken,
    worker: WorkerSource,
) -> Iterator[Event]:
    if new.version is not None:
        preflight(get_version(library, new.version), engine, worker, cancel)
    yield DeploymentStepped(number, DeploymentStep.PREFLIGHT)
    cancel.check()
    target.stage(new)
    yield DeploymentStepped(number, DeploymentStep.STAGED)
    target.probe_staged(new)
    yield DeploymentStepped(number, DeploymentStep.PROBED)
    cancel.check()
    flip(library, number)
    yield DeploymentStepped(number, DeploymentStep.FLIPPED)
    target.point(new)
    yield DeploymentStepped(number, DeploymentStep.SWITCHED)
    target.probe_public(new, _prompts(old))
    finish_deployment(library, number, "done", "")
    yield DeploymentStepped(number, DeploymentStep.CONFIRMED)


def preflight(version: ModelVersion, engine: Engine, worker: WorkerSource, cancel: CancelToken) -> None:
    """Refuse a version whose files, base model or chat template are not what they were when it was trained."""
    if problems := verify(Path(version.model_path)):
        raise RefusedError(
            f"Version {version.version} is damaged on disk: {'; '.join(problems)}.", "Restore it from a backup."
        )
    base = resolve_base(version.base_model)
    if engine.base != base:
        raise RefusedError(
            f"Version {version.version} belongs to the base model {version.base_model}, the engine serves another one.",
            "Start the engine with that base model.",
        )
    with worker() as child:
        now = child.result({"job": "inspect", "base": str(base)}, cancel)
    for what, recorded in (("base_fingerprint", version.base_fingerprint), ("template_hash", version.template_hash)):
        if now.get(what) != recorded:
            raise RefusedError(
                f"The base model {version.base_model} has changed since version {version.version} was trained: "
                f"its {what.replace('_', ' ')} is another one.",
                "Put the old files back, or train a new version.",
            )


def _served(library: Library, version: int | None) -> Served:
    return Served(version, None if version is None else Path(get_version(library, version).model_path))


def _prompts(served: Served) -> list[str]:
    """What the base is probed with: prompts that a version answered otherwise, where there is one."""
    golden = () if served.folder is None else read_golden(served.folder)
    return [answer.prompt for answer in golden] or list(PLAIN_PROMPTS)


def _put_back(
    library: Library, number: int, target: LocalTarget, old: Served, new: Served, error: BaseException
) -> None:
    """End the journal's entry as failed; after the flip also point back and prove that the old version answers."""
    entry = get_deployment(library, number)
    if entry.finished_at:
        return
    cause = error.message if isinstance(error, KnownError) else f"stopped ({type(error).__name__})"
    flipped = entry.state == "flipped"
    finish_deployment(library, number, "failed" if isinstance(error, KnownError) else "undone", cause)
    if not flipped:
        return
    target.stage(old)
    target.point(old)
    target.probe_public(old, _prompts(new))
