"""One whole turn of the loop: draft, extract, and with `train` also accept by rule, train, gate and deploy.

The library remembers the stage, and every stage may be entered twice: after a crash at any moment
`run_cycle` goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.cycle_events import CycleDone, PairsAccepted, PairsExtracted, StageBegan
from lorastudio.domain.draft import QuestionState
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event, Warned
from lorastudio.domain.gate import Verdict
from lorastudio.services.curation import accept_all_pending, minimum_confidence
from lorastudio.services.deployment import deploy_version
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.services.extraction import extract_cycle
from lorastudio.services.gating import gate_version
from lorastudio.services.judging import judge_for
from lorastudio.services.servers import LocalServers
from lorastudio.services.training_runs import prepare_run, train_run
from lorastudio.store import cycles, deployments, gate_looks, runs, versions
from lorastudio.store.library import Library
from lorastudio.store.questions import count_questions, list_questions
from lorastudio.training.config import TrainConfig

DRAFTING, EXTRACTING, ACCEPTING = "drafting", "extracting", "accepting"
TRAINING, GATING, DEPLOYING, FINISHED = "training", "gating", "deploying", "finished"


@dataclass(frozen=True, slots=True)
class Progress:
    """What the library remembers of a cycle's way; `plan` is None when it ends with the pairs."""

    stage: str = DRAFTING
    plan: dict[str, Any] | None = None
    base: str = ""
    pairs: int = 0
    run_id: int | None = None
    version: int | None = None
    verdict: str | None = None
    deployed: bool = False

    def as_record(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "stage"}


def abandon(library: Library, cycle_id: int) -> None:
    """Leave a cycle as it is: it counts as finished, everything it made stays."""
    _remember(library, cycle_id, replace(recall(library, cycle_id), stage=FINISHED))


def plan_training(library: Library, cycle_id: int, config: TrainConfig, base: str) -> None:
    """Make the cycle go on through training, gate and deployment after its pairs."""
    _remember(library, cycle_id, replace(recall(library, cycle_id), plan=config.as_record(), base=base))


def recall(library: Library, cycle_id: int) -> Progress:
    """How far the cycle has come."""
    stage, data = cycles.get_stage(library, cycle_id)
    return Progress(stage=stage, **data) if data else Progress()


def run_cycle(library: Library, cycle_id: int, servers: LocalServers, cancel: CancelToken) -> Iterator[Event]:
    """Run or continue a cycle to its end; the last event is `CycleDone`."""
    steps = {
        DRAFTING: _draft,
        EXTRACTING: _extract,
        ACCEPTING: _accept,
        TRAINING: _train,
        GATING: _gate,
        DEPLOYING: _deploy,
    }
    while (progress := recall(library, cycle_id)).stage != FINISHED:
        cancel.check()
        yield StageBegan(cycle_id, progress.stage)
        yield from steps[progress.stage](library, cycle_id, progress, servers, cancel)
    yield CycleDone(
        cycle=cycle_id,
        questions=count_questions(library, cycle_id),
        pairs=progress.pairs,
        version=progress.version,
        verdict=progress.verdict,
        deployed=progress.deployed,
    )


def _draft(
    library: Library, cycle_id: int, progress: Progress, servers: LocalServers, cancel: CancelToken
) -> Iterator[Event]:
    yield from draft_cycle(library, cycle_id, servers, cancel)
    cancel.check()
    _refuse_all_failed(library, cycle_id)
    _remember(library, cycle_id, replace(progress, stage=EXTRACTING))


def _extract(
    library: Library, cycle_id: int, progress: Progress, servers: LocalServers, cancel: CancelToken
) -> Iterator[Event]:
    extract_cycle(library, cycle_id)
    added = cycles.count_pairs(library, cycle_id)
    stage = ACCEPTING if progress.plan is not None else FINISHED
    _remember(library, cycle_id, replace(progress, stage=stage, pairs=added))
    yield PairsExtracted(cycle_id, added)


def _accept(
    library: Library, cycle_id: int, progress: Progress, servers: LocalServers, cancel: CancelToken
) -> Iterator[Event]:
    least = minimum_confidence(library)
    changed = accept_all_pending(library, least, cycle_id=cycle_id)
    _remember(library, cycle_id, replace(progress, stage=TRAINING))
    yield PairsAccepted(cycle_id, len(changed.pairs), least)


def _train(
    library: Library, cycle_id: int, progress: Progress, servers: LocalServers, cancel: CancelToken
) -> Iterator[Event]:
    if progress.run_id is None:
        try:
            with library.transaction():
                run = prepare_run(
                    library, TrainConfig.from_record(progress.plan or {}), base=progress.base, cycle_id=cycle_id
                )
                progress = replace(progress, run_id=run.id)
                _remember(library, cycle_id, progress)
        except KnownError as error:
            yield Warned(f"No version was trained in this cycle: {error}")
            _remember(library, cycle_id, replace(progress, stage=FINISHED))
            return
    if progress.run_id is not None:
        yield from train_run(library, progress.run_id, cancel)
        version = runs.get_run(library, progress.run_id).reserved_version
        _remember(library, cycle_id, replace(progress, stage=GATING, version=version))


def _gate(
    library: Library, cycle_id: int, progress: Progress, servers: LocalServers, cancel: CancelToken
) -> Iterator[Event]:
    version = _version_of(progress)
    if gate_looks.last_report(library, version) is None:
        yield from gate_version(library, version, judge=judge_for(library, servers, cancel), cancel=cancel)
    verdict = versions.get_version(library, version).verdict
    stage = DEPLOYING if verdict == Verdict.BETTER.value else FINISHED
    _remember(library, cycle_id, replace(progress, stage=stage, verdict=verdict))


def _deploy(
    library: Library, cycle_id: int, progress: Progress, servers: LocalServers, cancel: CancelToken
) -> Iterator[Event]:
    version = _version_of(progress)
    if deployments.live_version(library) != version:
        yield from deploy_version(library, version, servers.engine(progress.base), cancel=cancel)
    _remember(library, cycle_id, replace(progress, stage=FINISHED, deployed=True))


def _refuse_all_failed(library: Library, cycle_id: int) -> None:
    """A cycle of which nothing came stays in its drafting stage, so that it can be resumed."""
    asked = list_questions(library, cycle_id)
    if all(question.state is QuestionState.FAILED for question in asked):
        raise KnownError(
            f"No question could be answered ({len(asked)} failed). The first: {asked[0].error}",
            "Mend that, then `lorastudio cycle --resume`.",
        )


def _version_of(progress: Progress) -> int:
    if progress.version is None:
        raise KnownError("This cycle has no version to judge.", "Run `lorastudio train` first.")
    return progress.version


def _remember(library: Library, cycle_id: int, progress: Progress) -> None:
    cycles.set_stage(library, cycle_id, progress.stage, progress.as_record())
