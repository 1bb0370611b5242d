"""What must never be deployed, made for real in the practice world: drafts over HTTP, training, the whole gate.

`make soak` runs what the everyday suite leaves out: two more seeds, and the ruin, of which a smaller one is
among the tests of the gate.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.gate import GateReport, Verdict
from lorastudio.domain.gate_events import GateFinished
from lorastudio.domain.pair import PairState
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.domain.training_events import TrainingDone
from lorastudio.services.base_models import PRACTICE_NAME
from lorastudio.services.curation import decide_all_pending
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.services.extraction import extract_cycle
from lorastudio.services.gate_sets import set_practice_questions_aside
from lorastudio.services.gating import gate_version
from lorastudio.services.measuring import measure
from lorastudio.services.practice import QUESTIONS_PER_CYCLE, practice_recipe, start_practice_cycle
from lorastudio.services.servers import LocalServers
from lorastudio.services.training_runs import prepare_run, train_run
from lorastudio.store.library import Library
from lorastudio.store.pairs import list_pairs
from lorastudio.store.versions import get_version
from lorastudio.training.config import Objective, TrainConfig
from tests.services.practice_versions import add_practice_gate_questions, practice_rows

SEEDS = (0, pytest.param(1, marks=pytest.mark.soak), pytest.param(2, marks=pytest.mark.soak))
# The critic that loves hype is content with most first drafts: it takes many questions to get pairs from it.
QUESTIONS_FOR_HYPE = 160
# Nothing can be shown on so few.
FEW_GATE_QUESTIONS = 6
PAIRS_TO_RUIN_WITH = 120

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module", params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    value: int = request.param
    return value


@pytest.fixture(scope="module")
def honest_home(seed: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the accepted pairs of one honest cycle and without gate questions; tests work on copies."""
    home = tmp_path_factory.mktemp("honest") / "home"
    with Library.open(home, write=True, verb="test") as library:
        draft_and_accept(library, seed, QUESTIONS_PER_CYCLE)
    return home


@pytest.fixture
def honest(honest_home: Path, tmp_path: Path) -> Iterator[Library]:
    shutil.copytree(honest_home, tmp_path / "home")
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        yield library


def test_labels_that_were_inverted(honest: Library, seed: int, tmp_path: Path) -> None:
    set_practice_questions_aside(honest)
    report = gate(honest, train(honest, practice_recipe(seed), source=inverted(honest, tmp_path / "inverted.jsonl")))
    assert report.verdict is Verdict.WORSE
    assert spoken(report)


@pytest.mark.soak
def test_a_critic_that_sees_only_hype(seed: int, tmp_path: Path) -> None:
    """What it taught may be better in all else: the guard of each criterion is what tells."""
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        set_practice_questions_aside(library)
        draft_and_accept(library, seed, QUESTIONS_FOR_HYPE, taste="hype")
        report = gate(library, train(library, practice_recipe(seed)))
    assert report.verdict is Verdict.WORSE
    assert "criterion plain" in spoken(report)


@pytest.mark.soak
def test_ruined_samples_behind_a_perfect_preference_accuracy(seed: int, tmp_path: Path) -> None:
    """Preferences without the likelihood of the good answers, learnt five hundred times too fast."""
    ruin = TrainConfig(Objective.DPO, learning_rate=5e-3, epochs=3, max_seq_length=256, seed=seed)
    rows = [seed_row(row["prompt"][0]["content"], row["good"], row["bad"]) for row in practice_rows(PAIRS_TO_RUIN_WITH)]
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        set_practice_questions_aside(library)
        version = train(library, ruin, source=write_rows(tmp_path / "made.jsonl", rows))
        figures = measure(library, version, CancelToken())
        report = gate(library, version)
        held_out = get_version(library, version).validation_accuracy
    assert held_out == 1.0
    assert figures.preference_accuracy >= 0.98
    assert (figures.perfect, report.accuracy) == (0.0, 0.0)
    assert report.verdict is Verdict.WORSE


def test_a_gain_on_too_few_questions_is_not_enough_evidence(honest: Library, seed: int) -> None:
    add_practice_gate_questions(honest, FEW_GATE_QUESTIONS)
    report = gate(honest, train(honest, practice_recipe(seed)))
    assert report.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert report.gain is not None
    assert report.gain > 0
    assert report.more_questions is not None
    assert report.more_questions > 0


def draft_and_accept(library: Library, seed: int, questions: int, *, taste: str = "honest") -> None:
    """Draft with the untouched base and a critic of this taste; a person accepts all pairs without looking."""
    cycle = start_practice_cycle(library, seed=seed, index=1, questions=questions)
    with LocalServers(library, taste=taste) as servers:
        list(draft_cycle(library, cycle.id, servers, CancelToken()))
    extract_cycle(library, cycle.id)
    decide_all_pending(library, PairState.ACCEPTED, None)


def inverted(library: Library, path: Path) -> Path:
    """The accepted pairs as a file, good and bad answers exchanged."""
    pairs = list_pairs(library, PairFilter(states=(PairState.ACCEPTED,)))
    return write_rows(
        path, [seed_row(pair.prompt[-1].content, pair.bad, pair.good) for pair in pairs if pair.good and pair.bad]
    )


def seed_row(prompt: str, good: str, bad: str) -> dict[str, str]:
    return {"prompt": prompt, "completion": good, "bad_example": bad}


def write_rows(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def train(library: Library, config: TrainConfig, *, source: Path | None = None) -> int:
    run = prepare_run(library, config, base=PRACTICE_NAME, source=source)
    *_, done = train_run(library, run.id, CancelToken())
    assert isinstance(done, TrainingDone)
    return done.version


def gate(library: Library, version: int) -> GateReport:
    *_, last = gate_version(library, version, cancel=CancelToken())
    assert isinstance(last, GateFinished)
    return last.report


def spoken(report: GateReport) -> set[str]:
    return {guard.name for guard in report.guards if not guard.ok}
