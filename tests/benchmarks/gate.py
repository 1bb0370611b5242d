"""The gate's null study: how often is a version deployed, or a guard raised, that is the same as the live one?

A null candidate is the live model itself with other sampling seeds. Real answers: the practice model answers its
gate questions `POOL` times each through the worker, with a fresh seed every time. Each null contest then draws,
for every question, disjoint answers for candidate, live and base at random from that pool. A difference of two
disjoint draws from a finite pool has exactly the variance of a difference of two fresh draws, so a contest is as
hard as a real one; contests share answers with each other, which widens the error of the rate, not the rate.
Sampling 300 × 8 × 200 answers afresh instead takes an hour on two cores.

The practice base passes all checks in 6% of its answers; coins show what a live version that passes half of
them, where noise is greatest, would do. `make bench-gate` runs this and prints the table.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lorastudio.datasets.checks import check_answer
from lorastudio.datasets.language import detect_language, languages_differ
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.gate import GateReport, Verdict
from lorastudio.domain.messages import as_records, user
from lorastudio.domain.seeds import derive_seed
from lorastudio.gate.evidence import Answer, Answers, Evidence, QuestionEvidence
from lorastudio.gate.repetition import repeats
from lorastudio.gate.rule import judge
from lorastudio.paths import practice_model
from lorastudio.practice.questions import PracticeQuestion, gate_questions
from lorastudio.processes.jobs import Worker

CONTESTS = 300
SAMPLES = 4
POOL = 96
MOST_FALSE_DEPLOYS = 0.01
MOST_FALSE_ALARMS = 0.05

Contest = Callable[[random.Random, int], Evidence]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> list[Answers]:
    """POOL answers of the untouched practice model to each of its 200 gate questions."""
    folder = tmp_path_factory.mktemp("pool")
    questions = gate_questions()
    requests, output = folder / "requests.jsonl", folder / "answers.jsonl"
    requests.write_text("".join(json.dumps(line) + "\n" for line in _requests(questions)), encoding="utf-8")
    job = {"job": "sample", "base": str(practice_model()), "adapters": {"base": None}}
    with Worker() as worker:
        worker.result({**job, "requests": str(requests), "output": str(output)}, CancelToken())
    return _answers(questions, output)


def test_nulls_of_the_practice_model(pool: list[Answers]) -> None:
    table = [
        _study("practice base, 200 questions, none live", lambda rng, look: _from_pool(pool, 200, rng, look, False)),
        _study("practice base, 200 questions, one live", lambda rng, look: _from_pool(pool, 200, rng, look, True)),
        _study("practice base, 50 questions, none live", lambda rng, look: _from_pool(pool, 50, rng, look, False)),
    ]
    _print_and_hold(table)


@pytest.mark.parametrize("count", [8, 25, 100, 200, 400])
def test_nulls_that_pass_half_of_the_time(count: int) -> None:
    _print_and_hold([_study(f"coins at 50%, {count} questions", lambda rng, look: _from_coins(count, rng, look))])


def _study(name: str, contest: Contest) -> tuple[str, float, float, dict[str, int]]:
    """Name, false deploys, false alarms, and how often each guard spoke; all contests are first looks."""
    reports = [judge(contest(random.Random(trial), 1), seed=trial) for trial in range(CONTESTS)]
    spoken = [guard.name for report in reports for guard in report.guards if not guard.ok]
    deployed = sum(report.verdict is Verdict.BETTER for report in reports) / CONTESTS
    alarms = sum(_alarmed(report) for report in reports) / CONTESTS
    return name, deployed, alarms, {guard: spoken.count(guard) for guard in sorted(set(spoken))}


def _alarmed(report: GateReport) -> bool:
    return not all(guard.ok for guard in report.guards)


def _print_and_hold(table: list[tuple[str, float, float, dict[str, int]]]) -> None:
    print(f"\n{CONTESTS} null candidates each{'':25s} false deploys  false alarms of guards")
    for name, deployed, alarms, guards in table:
        print(f"{name:45s} {deployed:13.1%}  {alarms:12.1%}  {guards or ''}")
    for name, deployed, alarms, _ in table:
        assert deployed <= MOST_FALSE_DEPLOYS, name
        assert alarms <= MOST_FALSE_ALARMS, name


def _from_pool(pool: list[Answers], count: int, rng: random.Random, look: int, one_live: bool) -> Evidence:
    rows = []
    for place, answers in enumerate(pool[:count]):
        drawn = rng.sample(answers, 3 * SAMPLES)
        parts = [tuple(drawn[start : start + SAMPLES]) for start in range(0, 3 * SAMPLES, SAMPLES)]
        rows.append(QuestionEvidence(f"q{place}", parts[0], parts[1], parts[2] if one_live else None))
    return Evidence(2, "version 1" if one_live else "base", look, tuple(rows))


def _from_coins(count: int, rng: random.Random, look: int) -> Evidence:
    """Every question has its own chance to pass, 50% on average; the criteria are as likely each."""

    def answers(chance: float) -> Answers:
        return tuple(
            Answer(rng.randint(20, 40), rng.random() < 0.98, False, met, {"a": met, "b": rng.random() < chance})
            for met in (rng.random() < chance for _ in range(SAMPLES))
        )

    chances = [rng.betavariate(4.0, 4.0) for _ in range(count)]
    rows = (QuestionEvidence(f"q{i}", answers(c), answers(c), answers(c)) for i, c in enumerate(chances))
    return Evidence(2, "version 1", look, tuple(rows))


def _requests(questions: list[PracticeQuestion]) -> Iterator[dict[str, object]]:
    for place, question in enumerate(questions):
        for sample in range(POOL):
            yield {
                "id": f"{place}.{sample}",
                "adapter": "base",
                "messages": as_records(user(question.text)),
                "seed": derive_seed("null study", place, sample),
                "temperature": 1.0,
                "max_tokens": 64,
            }


def _answers(questions: list[PracticeQuestion], output: Path) -> list[Answers]:
    found: list[list[Answer]] = [[] for _ in questions]
    with output.open(encoding="utf-8") as file:
        for line in map(json.loads, file):
            place = int(line["id"].split(".")[0])
            question, ended = questions[place], line["finish_reason"] == "stop"
            met = check_answer({"practice": True}, question.text, line["text"], truncated=not ended)
            spoken = not languages_differ(question.language, detect_language(line["text"]))
            found[place].append(
                Answer(line["tokens"], ended, repeats(line["text"]), all(met.values()), met, in_language=spoken)
            )
    return [tuple(answers) for answers in found]
