"""What the frame of the window shows: counts, readiness, what is live, and what was left unfinished."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lorastudio.services.curation import Readiness
    from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class Overview:
    """`live` is the live version (None: the base), `deployed` whether anything was ever deployed, `back_to` what a
    rollback would make live (0: the base; None: there is nothing to roll back to)."""

    endpoints: int
    questions: int
    open_questions: int
    pending: int
    accepted: int
    runs: int
    versions: int
    live: int | None
    deployed: bool
    back_to: int | None
    is_practice: bool

    @property
    def is_empty(self) -> bool:
        """Nothing was ever set up or done here."""
        return not (self.endpoints or self.questions or self.pending or self.accepted or self.runs or self.versions)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Work that a stop, a failure or a crash left: a cycle, or a run that belongs to none."""

    kind: str  # "cycle" or "training"
    id: int
    stage: str


def read_overview(library: Library) -> Overview:
    """The figures as they are now."""
    from lorastudio.domain.draft import QuestionState
    from lorastudio.domain.pair import PairState
    from lorastudio.services.base_models import default_base, is_practice
    from lorastudio.store.cycles import list_cycles
    from lorastudio.store.deployments import list_deployments, live_version
    from lorastudio.store.endpoints import list_endpoints
    from lorastudio.store.pairs import count_pairs
    from lorastudio.store.questions import list_all_questions
    from lorastudio.store.runs import list_runs
    from lorastudio.store.versions import list_versions

    questions = list_all_questions(library) if list_cycles(library) else []
    waiting = (QuestionState.WAITING, QuestionState.RUNNING)
    pairs = count_pairs(library)
    return Overview(
        endpoints=len(list_endpoints(library)),
        questions=len(questions),
        open_questions=sum(question.state in waiting for question in questions),
        pending=pairs[PairState.PENDING],
        accepted=pairs[PairState.ACCEPTED],
        runs=len(list_runs(library)),
        versions=len(list_versions(library)),
        live=live_version(library),
        deployed=any(entry.state == "done" for entry in list_deployments(library)),
        back_to=rollback_goal(library),
        is_practice=is_practice(default_base(library)),
    )


def read_readiness(library: Library) -> Readiness:
    """Whether there are enough pairs to train on; looks at every accepted pair."""
    from lorastudio.services.curation import readiness

    return readiness(library)


def read_unfinished(library: Library) -> list[Unfinished]:
    """What can be gone on with, the newest last."""
    from lorastudio.domain.run import RESUMABLE
    from lorastudio.services.cycle import recall
    from lorastudio.services.questions import unfinished_cycles
    from lorastudio.store.runs import list_runs

    cycles = [Unfinished("cycle", cycle.id, recall(library, cycle.id).stage) for cycle in unfinished_cycles(library)]
    runs = [run for run in list_runs(library) if run.cycle_id is None and run.state in RESUMABLE]
    return [*cycles, *(Unfinished("training", run.id, "training") for run in runs)]


def rollback_goal(library: Library) -> int | None:
    """What a rollback would make live (0: the base); None when nothing was deployed."""
    from lorastudio.domain.errors import KnownError
    from lorastudio.services.deployment import BARE_BASE, before_live

    try:
        return before_live(library) or BARE_BASE
    except KnownError:
        return None
