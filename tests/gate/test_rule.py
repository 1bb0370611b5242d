from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lorastudio.domain.events import as_json
from lorastudio.domain.gate import GateReport, Guard, Verdict
from lorastudio.gate.evidence import Answer, Evidence, QuestionEvidence
from lorastudio.gate.rule import judge
from tests.gate.samples import HALF_GOOD, canaries, evidence, good_answers

GOOD = {"facts": 0.8, "units": 0.85, "plain": 0.8, "form": 0.9}


def guard(report: GateReport, name: str) -> Guard:
    return next(found for found in report.guards if found.name == name)


def spoken(report: GateReport) -> list[str]:
    return [found.name for found in report.guards if not found.ok]


def test_a_clear_gain_is_better() -> None:
    report = judge(evidence(candidate=GOOD, canaries=canaries(60, 0), good_answers=good_answers(20, 0.3)))
    assert report.verdict is Verdict.BETTER
    assert report.gain is not None
    assert report.gain > 20
    assert report.p is not None
    assert report.p < 0.001
    assert spoken(report) == []
    assert report.n == 200
    assert report.more_questions is None


def test_a_clear_loss_is_worse() -> None:
    report = judge(evidence(candidate={name: 0.8 * rate for name, rate in HALF_GOOD.items()}))
    assert report.verdict is Verdict.WORSE


def test_noise_alone_is_not_enough_evidence() -> None:
    report = judge(evidence(seed=4))
    assert report.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert spoken(report) == []


def test_few_questions_say_how_many_more_would_tell() -> None:
    report = judge(evidence(12, candidate={**HALF_GOOD, "plain": 0.75}))
    assert report.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert report.more_questions is not None
    assert report.more_questions > 10
    assert any("12 questions" in reason for reason in report.reasons)


def test_an_adapter_that_changes_nothing_gains_nothing() -> None:
    same = evidence()
    same = replace(same, questions=tuple(replace(q, candidate=q.against) for q in same.questions))
    report = judge(same)
    assert report.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert (report.gain, report.p) == (0.0, 1.0)


def test_exactly_the_needed_gain_is_enough() -> None:
    """Ten of 200 questions are five points, whatever floating point makes of it."""
    wrong, right = Answer(30, True, False, passed=False), Answer(30, True, False, passed=True)
    rows = tuple(QuestionEvidence(f"q{place}", (right,) if place < 10 else (wrong,), (wrong,)) for place in range(200))
    report = judge(Evidence(1, "base", 1, rows))
    assert report.gain == pytest.approx(5.0)
    assert report.verdict is Verdict.BETTER
    assert judge(Evidence(1, "base", 1, rows), needed=5.01).verdict is Verdict.NOT_ENOUGH_EVIDENCE


def test_later_looks_must_be_surer() -> None:
    modest = evidence(candidate={**HALF_GOOD, "facts": 0.7}, seed=3)
    first, late = judge(modest), judge(replace(modest, look=50))
    assert (first.gain, first.p is not None) == (late.gain, True)
    assert late.level < first.level
    assert first.verdict is Verdict.BETTER
    assert late.verdict is Verdict.NOT_ENOUGH_EVIDENCE


@pytest.mark.parametrize(
    ("name", "harmed"),
    [
        ("answer length", evidence(candidate=GOOD, candidate_tokens=60)),
        ("answer length", evidence(candidate=GOOD, candidate_tokens=18)),
        ("no repetition", evidence(candidate=GOOD, candidate_repeats=0.1)),
        ("end of answer", evidence(candidate=GOOD, candidate_ended=0.9)),
        ("language", evidence(candidate=GOOD, candidate_in_language=0.9)),
        ("criterion form", evidence(candidate={**GOOD, "form": 0.55})),
        ("canaries", evidence(candidate=GOOD, canaries=canaries(50, 10))),
        ("log-prob of good answers", evidence(candidate=GOOD, good_answers=good_answers(30, -0.2))),
        ("contamination", evidence(candidate=GOOD, contaminated=("How hot?",))),
        ("not worse than the base", evidence(candidate=GOOD, against=HALF_GOOD, base=dict.fromkeys(GOOD, 0.95))),
    ],
)
def test_a_gain_with_harm_is_refused_and_named(name: str, harmed: Evidence) -> None:
    report = judge(harmed)
    assert report.verdict is Verdict.WORSE
    assert spoken(report) == [name]
    assert any(name in reason for reason in report.reasons)


@pytest.mark.parametrize(
    "harmless",
    [
        evidence(candidate=GOOD, candidate_tokens=26),
        evidence(candidate=GOOD, canaries=canaries(57, 3)),
        evidence(candidate=GOOD, canaries=canaries(40, 6, won=5)),
        evidence(candidate=GOOD, good_answers=good_answers(30, -0.02)),
        evidence(candidate=GOOD, good_answers=good_answers(2, -0.2)),
        evidence(candidate=GOOD, candidate_ended=0.98),
    ],
)
def test_harm_within_the_margin_or_by_chance_does_not_refuse(harmless: Evidence) -> None:
    assert judge(harmless).verdict is Verdict.BETTER


def test_inverted_labels_are_refused() -> None:
    """The adapter learnt the faults: every criterion falls."""
    report = judge(evidence(candidate={name: 0.5 * rate for name, rate in HALF_GOOD.items()}))
    assert report.verdict is Verdict.WORSE


def test_a_critic_that_sees_only_hype_is_refused() -> None:
    """What it loved got worse, the rest stayed as it was: nothing passes all checks."""
    report = judge(evidence(candidate={**HALF_GOOD, "plain": 0.1}))
    assert report.verdict is Verdict.WORSE
    assert "criterion plain" in spoken(report)


def test_ruined_samples_are_refused_whatever_the_preference_accuracy() -> None:
    ruined = evidence(
        candidate=dict.fromkeys(HALF_GOOD, 0.0),
        candidate_ended=0.1,
        candidate_repeats=0.9,
        good_answers=good_answers(20, -2.0),
        canaries=canaries(5, 55),
    )
    report = judge(ruined)
    assert report.verdict is Verdict.WORSE
    assert len(spoken(report)) >= 7


@pytest.mark.parametrize(
    ("wins", "losses", "verdict"),
    [(120, 40, Verdict.BETTER), (84, 80, Verdict.NOT_ENOUGH_EVIDENCE), (40, 120, Verdict.WORSE)],
)
def test_without_checks_the_judge_decides(wins: int, losses: int, verdict: Verdict) -> None:
    answer = (Answer(30, True, False),)
    words = [1] * wins + [-1] * losses + [0] * (200 - wins - losses)
    rows = tuple(QuestionEvidence(f"q{i}", answer, answer, judged=word) for i, word in enumerate(words))
    report = judge(Evidence(1, "base", 1, rows, notes=("The judge is also the critic.",)))
    assert report.verdict is verdict
    assert report.gain == pytest.approx((wins - losses) / 2)
    assert report.primary == "win rate by the judge"
    assert "The judge is also the critic." in report.reasons


def test_without_checks_and_judge_nothing_can_be_said() -> None:
    answer = (Answer(30, True, False),)
    report = judge(Evidence(1, "base", 1, (QuestionEvidence("q", answer, answer),)))
    assert report.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert (report.gain, report.p, report.n) == (None, None, 0)


def test_a_report_is_json_with_the_promised_keys() -> None:
    record = json.loads(json.dumps(as_json(judge(evidence(30))), allow_nan=False))
    assert {"verdict", "gain", "interval", "p", "n", "needed", "against", "guards"} <= set(record)
    assert record["verdict"] in ("better", "worse", "not enough evidence")
    assert {"name", "ok", "value"} <= set(record["guards"][0])


def test_worn_out_questions_are_named() -> None:
    assert any("worn out" in reason for reason in judge(evidence(50, look=1_000), resamples=1_000).reasons)


def test_nulls_are_not_deployed_and_raise_few_alarms() -> None:
    """A small version of the study in tests/benchmarks/gate.py: coin throws, live is a version."""
    reports = [
        judge(evidence(200, seed=seed, base=HALF_GOOD, candidate=HALF_GOOD), resamples=1_000) for seed in range(120)
    ]
    assert sum(report.verdict is Verdict.BETTER for report in reports) <= 1
    assert sum(bool(spoken(report)) for report in reports) / len(reports) <= 0.05
