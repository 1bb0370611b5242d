"""The measurement behind the usual learning rates: every objective at rates three times apart, two seeds, two tasks.

    make bench-rates        the tables of learning_rates.md, in about twenty-five minutes of one core

Preference accuracy is near 1 nearly everywhere, also where no answer can be used any more: what is judged are sampled
answers, by exact rules, beside a skill that was not taught. Pairs of the practice world are the grammar's; those of
the larger task are the model's own mistakes with their corrections. Recipes are the defaults, without replay: 64 pairs,
four a step, three epochs, rank 8 and alpha 16 on all linear layers. Some objectives are tried for three times as long
too: a rate that is good for a short run may be too high for a long one.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lorastudio.processes.jobs import Worker
from lorastudio.training.config import DEFAULT_LEARNING_RATE, Objective
from tests.benchmarks.rates.findings import find, of_rate, untouched
from tests.benchmarks.rates.sweep import Outcome, Sweep, mean, rates_of
from tests.benchmarks.rates.tables import findings_table, heading, outcomes_table
from tests.benchmarks.rates.task import orders_task, practice_task

PRACTICE, ORDERS = "practice", "orders"
# Longer runs are read, not judged.
LONGER = (Objective.SFT, Objective.DPO, Objective.DPO_NLL)
LONGER_EPOCHS = 9
# How many times the best rate at most ruins a model, with room for rounding: the rates are three times apart.
MOST_TIMES = 10.1
LEAST_SKILL_KEPT = 0.9

pytestmark = [pytest.mark.bench, pytest.mark.timeout(14_400)]


@pytest.fixture(scope="module", params=[PRACTICE, ORDERS])
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """All runs of a task; its tables are printed."""
    folder = tmp_path_factory.mktemp("rates")
    with Worker(folder) as worker:
        task = practice_task() if request.param == PRACTICE else orders_task(folder, worker)
        found = list(Sweep(task, worker, folder).outcomes())
        longer = _longer(Sweep(task, worker, folder, LONGER, (0,), LONGER_EPOCHS)) if request.param == PRACTICE else ""
    findings = findings_table([find(found, objective) for objective in Objective])
    print("\n" + "\n\n".join([heading(task.name, found), findings, outcomes_table(found), longer]))
    return found


def _longer(sweep: Sweep) -> str:
    return f"With {sweep.epochs} epochs, one seed:\n\n{outcomes_table(list(sweep.outcomes()))}"


@pytest.mark.parametrize("objective", list(Objective))
def test_the_usual_rate_teaches_and_spares_the_rest(outcomes: Sequence[Outcome], objective: Objective) -> None:
    """With SFT's usual rate taken for the one that is best for it here, where real models are out of reach."""
    wanted = (
        find(outcomes, Objective.SFT).best * DEFAULT_LEARNING_RATE[objective] / DEFAULT_LEARNING_RATE[Objective.SFT]
    )
    nearest = min(rates_of(objective), key=lambda rate: max(rate / wanted, wanted / rate))
    runs, base = of_rate(outcomes, objective, nearest), untouched(outcomes)
    assert min(run.quality for run in runs) > base.quality
    assert mean([run.skills for run in runs]) >= LEAST_SKILL_KEPT * base.skills


@pytest.mark.parametrize("objective", list(Objective))
def test_some_times_the_best_rate_ruins_a_model(outcomes: Sequence[Outcome], objective: Objective) -> None:
    found = find(outcomes, objective)
    assert found.falls_apart is not None
    assert found.falls_apart <= MOST_TIMES * found.best
