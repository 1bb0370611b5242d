"""Training runs: what can be trained with which recipe, the runs and their curves, training itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from pathlib import Path

    from lorastudio.domain.run import Run
    from lorastudio.services.curation import Readiness
    from lorastudio.services.freezing import FrozenDataset
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrainingView:
    """What the pane stands on. `recipe` is the usual recipe for `base`; `base_problem` says in words why that base
    can't be used (empty: it can); `accepted` counts all accepted pairs, also those that readiness does not count;
    `resumable` are the ids of runs that can go on."""

    base: str
    is_practice: bool
    base_problem: str
    recipe: Record
    readiness: Readiness
    accepted: int
    runs: tuple[Run, ...]
    resumable: frozenset[int]


@dataclass(frozen=True, slots=True)
class RunStory:
    """One run with its curves: `steps`, `evals`, `data` and `plan` are what was said as in `training.protocol` (the
    last two None before a run has begun).

    `left_out` are rows left out of training with their reasons, counted; the counts are of the frozen rows. `safer`
    says that the run died of its size and could go on in smaller pieces.
    """

    run: Run
    steps: tuple[Record, ...]
    evals: tuple[Record, ...]
    data: Record | None = None
    plan: Record | None = None
    safer: bool = False
    development: int = 0
    heldout: int = 0
    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedRecipe:
    """`record` is None where the recipe can't be used, and `problem` says why."""

    record: Record | None
    problem: str = ""
    warnings: tuple[str, ...] = ()


def read_training(library: Library) -> TrainingView:
    """Everything but the curves; looks at every accepted pair."""
    from lorastudio.bridge.failures import in_plain_words
    from lorastudio.domain.errors import KnownError
    from lorastudio.domain.pair import PairState
    from lorastudio.domain.run import RESUMABLE
    from lorastudio.services.base_models import default_base, is_practice, resolve_base
    from lorastudio.services.curation import readiness
    from lorastudio.services.practice import practice_recipe
    from lorastudio.store.pairs import count_pairs
    from lorastudio.store.runs import list_runs
    from lorastudio.training.config import TrainConfig

    base = default_base(library)
    problem = ""
    try:
        resolve_base(base)
    except KnownError as error:
        problem = str(in_plain_words(error))
    practice = is_practice(base)
    runs = tuple(list_runs(library))
    return TrainingView(
        base=base,
        is_practice=practice,
        base_problem=problem,
        recipe=(practice_recipe(0) if practice else TrainConfig()).as_record(),
        readiness=readiness(library),
        accepted=count_pairs(library)[PairState.ACCEPTED],
        runs=runs,
        resumable=frozenset(run.id for run in runs if run.state in RESUMABLE),
    )


def read_story(library: Library, run_id: int) -> RunStory:
    """A run with all that was written down of it."""
    from lorastudio.domain.errors import KnownError
    from lorastudio.services.freezing import FrozenDataset
    from lorastudio.services.safer_retry import can_be_safer
    from lorastudio.services.training_runs import run_folder
    from lorastudio.store.runs import get_run, list_run_events

    run = get_run(library, run_id)
    told = {kind: tuple(list_run_events(library, run_id, kind)) for kind in ("step", "eval", "data", "plan")}
    try:
        frozen: FrozenDataset | None = FrozenDataset.read(run_folder(library, run_id))
    except (OSError, ValueError, KnownError):  # a discarded run has no rows any more
        frozen = None
    data = told["data"][-1] if told["data"] else None
    return RunStory(
        run,
        told["step"],
        told["eval"],
        data=data,
        plan=told["plan"][-1] if told["plan"] else None,
        safer=can_be_safer(library, run),
        development=frozen.development if frozen else 0,
        heldout=frozen.heldout if frozen else 0,
        left_out=_left_out(run, frozen, data),
    )


@dataclass(frozen=True, slots=True)
class ObjectiveFacts:
    """What an objective takes where nothing is given, and the names of the settings that it passes over."""

    learning_rate: float
    beta: float
    without_use: tuple[str, ...]


def objective_facts(objective: str) -> ObjectiveFacts:
    """Pure and quick, for the thread of the window."""
    from lorastudio.training.config import DEFAULT_BETA, DEFAULT_LEARNING_RATE, Objective, settings_without_use

    chosen = Objective(objective)
    return ObjectiveFacts(DEFAULT_LEARNING_RATE[chosen], DEFAULT_BETA[chosen], settings_without_use(chosen))


def check_recipe(record: Record, is_practice: bool) -> CheckedRecipe:
    """Whether a recipe can be used; pure and quick, for the thread of the window."""
    from lorastudio.domain.errors import UsageError
    from lorastudio.training.config import TrainConfig

    try:
        config = TrainConfig.from_record(record)
    except UsageError as error:
        return CheckedRecipe(None, error.message)
    # The practice recipe was measured on its own tiny model.
    return CheckedRecipe(config.as_record(), "", () if is_practice else tuple(config.warnings()))


def discard(library: Library, run_id: int) -> Changes:
    """Give up an unfinished run; its curves stay."""
    from lorastudio.services.training_runs import discard_run

    return discard_run(library, run_id)


def train(
    library: Library,
    servers: LocalServers,
    cancel: CancelToken,
    recipe: Record,
    base: str,
    anyway: bool,
    source: Path | None = None,
) -> Iterator[Event]:
    """Freeze the accepted pairs, or the rows of the file `source` alone, and train on them, `anyway` even where it
    can't fit; ends with `TrainingDone`."""
    from lorastudio.services.training_runs import prepare_run, train_run
    from lorastudio.training.config import TrainConfig

    run = prepare_run(library, TrainConfig.from_record(recipe), base=base, source=source)
    yield from train_run(library, run.id, cancel, anyway=anyway)


def plan_memory(
    library: Library, servers: LocalServers, cancel: CancelToken, recipe: Record, base: str
) -> Iterator[Event]:
    """How much memory training on the accepted pairs would take, in one `MemoryPlanned`; nothing is trained."""
    from lorastudio.services.memory_plans import plan_training
    from lorastudio.training.config import TrainConfig

    yield plan_training(library, TrainConfig.from_record(recipe), base, None, cancel)


def memory_parts() -> dict[str, str]:
    """The parts of a memory plan in words."""
    from lorastudio.training.memory_words import PARTS

    return PARTS


def rows_left_out(data: Record) -> list[tuple[str, list[int]]]:
    """Every reason in a `data` message why rows are left out, with their ids."""
    found: dict[str, list[int]] = {}
    lists = [data.get("not_frozen", ()), *(report["left_out"] for report in data["files"].values())]
    for reason in (reason for reasons in lists for reason in reasons):
        found.setdefault(reason["reason"], []).extend(reason["ids"])
    return list(found.items())


def _left_out(run: Run, frozen: FrozenDataset | None, data: Record | None) -> tuple[tuple[str, int], ...]:
    """Why rows were left out, with how many: by the report on them, else at freezing and by the worker's result."""
    from collections import Counter

    from lorastudio.services.freezing import LEFT_OUT

    if data is not None:
        return tuple((words, len(ids)) for words, ids in rows_left_out(data))
    reasons: Counter[str] = Counter()
    if frozen is not None:
        for outcome, words in LEFT_OUT.items():
            reasons[words] += getattr(frozen, outcome.value)
    reasons.update(str(row.get("reason", "no reason given")) for row in run.result.get("left_out", ()))
    return tuple((words, number) for words, number in reasons.items() if number)
