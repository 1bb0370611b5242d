"""Training runs: what can be trained with which recipe, the runs and their curves, training itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.domain.run import Run
    from lorastudio.services.curation import Readiness
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
    """One run with its curves: `steps` and `evals` are the worker's messages as in `training.protocol`.

    `left_out` are rows left out of training with their reasons, counted; the counts are of the frozen rows.
    """

    run: Run
    steps: tuple[Record, ...]
    evals: tuple[Record, ...]
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
    """A run with all that was written down of its curves."""
    from lorastudio.domain.errors import KnownError
    from lorastudio.services.freezing import FrozenDataset
    from lorastudio.services.training_runs import run_folder
    from lorastudio.store.runs import get_run, list_run_events

    run = get_run(library, run_id)
    steps = tuple(list_run_events(library, run_id, "step"))
    evals = tuple(list_run_events(library, run_id, "eval"))
    try:
        frozen = FrozenDataset.read(run_folder(library, run_id))
    except (OSError, ValueError, KnownError):  # a discarded run has no rows any more
        return RunStory(run, steps, evals, left_out=_left_out(run, None))
    return RunStory(run, steps, evals, frozen.development, frozen.heldout, _left_out(run, frozen))


def usual_learning_rate(objective: str) -> float:
    """What the objective's learning rate is where none is given."""
    from lorastudio.training.config import DEFAULT_LEARNING_RATE, Objective

    return DEFAULT_LEARNING_RATE[Objective(objective)]


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


def train(library: Library, servers: LocalServers, cancel: CancelToken, recipe: Record, base: str) -> Iterator[Event]:
    """Freeze the accepted pairs and train on them; ends with `TrainingDone`."""
    from lorastudio.services.training_runs import prepare_run, train_run
    from lorastudio.training.config import TrainConfig

    run = prepare_run(library, TrainConfig.from_record(recipe), base=base)
    yield from train_run(library, run.id, cancel)


def _left_out(run: Run, frozen: Any) -> tuple[tuple[str, int], ...]:
    """Why rows were left out, with how many: first at freezing, then by the worker."""
    from collections import Counter

    from lorastudio.services.freezing import LEFT_OUT

    reasons: Counter[str] = Counter()
    if frozen is not None:
        for outcome, words in LEFT_OUT.items():
            reasons[words] += getattr(frozen, outcome.value)
    reasons.update(str(row.get("reason", "no reason given")) for row in run.result.get("left_out", ()))
    return tuple((words, number) for words, number in reasons.items() if number)
