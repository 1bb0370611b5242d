"""The one rule by which a version may be deployed."""

from __future__ import annotations

from collections.abc import Sequence

from lorastudio.domain.gate import GateReport, Guard, Verdict
from lorastudio.gate.evidence import Evidence
from lorastudio.gate.guards import all_guards
from lorastudio.gate.outcomes import Outcome, outcomes_of, primary_name
from lorastudio.gate.spending import FULL_SIZE_QUESTIONS, is_worn_out, level_of_look, more_questions, resamples_for
from lorastudio.gate.statistics import RESAMPLES, Comparison, compare

NEEDED_POINTS = 5.0
_ROUNDING_POINTS = 1e-9  # ten of 200 is five points, and must not fail by a rounding


def judge(
    evidence: Evidence, *, needed: float = NEEDED_POINTS, seed: int = 0, resamples: int | None = None
) -> GateReport:
    """Decide from `evidence` alone; pure, and the same for the same arguments.

    Better: the primary figure gains at least `needed` points (of 100), one-sided p is below the level of this
    look (`level_of_look`), and no guard speaks. Worse: a guard speaks, or the loss is shown at that level.
    Otherwise there is not enough evidence, with an estimate of the questions that would tell. The primary
    figure of a question is the share of its answers that pass all checks in code, or, without checks, the
    judge's word: 1 won, 1/2 tie, 0 lost, so that the gain is (wins - losses) / questions.
    """
    outcomes = outcomes_of(evidence.questions)
    level = level_of_look(evidence.look)
    guards = all_guards(evidence, outcomes, seed, resamples or RESAMPLES)
    found = _compared(outcomes, seed, resamples or resamples_for(level))
    verdict = _verdict(found, guards, needed, level)
    more = None
    if found is not None and verdict is Verdict.NOT_ENOUGH_EVIDENCE:
        more = more_questions(found, len(outcomes), needed / 100.0, level)
    return GateReport(
        version=evidence.version,
        against=evidence.against,
        verdict=verdict,
        primary=primary_name(evidence.questions),
        accuracy=_mean([outcome.candidate for outcome in outcomes]),
        baseline=_mean([outcome.against for outcome in outcomes]),
        gain=None if found is None else 100.0 * found.mean,
        interval=None if found is None else (100.0 * found.interval[0], 100.0 * found.interval[1]),
        p=None if found is None else found.p_above,
        n=len(outcomes),
        needed=needed,
        look=evidence.look,
        level=level,
        guards=guards,
        reasons=_reasons(evidence, found, guards, needed, level, len(outcomes)) + evidence.notes,
        more_questions=more,
    )


def _compared(outcomes: Sequence[Outcome], seed: int, resamples: int) -> Comparison | None:
    if not outcomes:
        return None
    differences = [outcome.candidate - outcome.against for outcome in outcomes]
    return compare(differences, [outcome.group for outcome in outcomes], seed=seed, resamples=resamples)


def _verdict(found: Comparison | None, guards: Sequence[Guard], needed: float, level: float) -> Verdict:
    if not all(guard.ok for guard in guards):
        return Verdict.WORSE
    if found is None:
        return Verdict.NOT_ENOUGH_EVIDENCE
    if found.p_below < level:
        return Verdict.WORSE
    if _is_enough(found, needed) and found.p_above < level:
        return Verdict.BETTER
    return Verdict.NOT_ENOUGH_EVIDENCE


def _is_enough(found: Comparison, needed: float) -> bool:
    return 100.0 * found.mean >= needed - _ROUNDING_POINTS


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _reasons(
    evidence: Evidence, found: Comparison | None, guards: Sequence[Guard], needed: float, level: float, n: int
) -> tuple[str, ...]:
    """The rule's own words for what it found."""
    reasons = [f"The guard “{guard.name}” shows harm: {guard.value:.3g}." for guard in guards if not guard.ok]
    if found is None:
        return (*reasons, "No gate question has checks, and no judge was given: nothing could be compared.")
    low, high = (100.0 * bound for bound in found.interval)
    reasons.append(
        f"{100.0 * found.mean:+.1f} points against {evidence.against} (90% interval {low:+.1f} to {high:+.1f}) on {n} "
        f"questions; {needed:g} are needed with p below {level:.4g}, and p is {found.p_above:.4g}."
    )
    if found.p_below < level:
        reasons.append("The loss is shown: it is not by chance.")
    elif high < needed and n >= FULL_SIZE_QUESTIONS:
        reasons.append(f"The gain is probably below {needed:g} points; more questions would hardly change that.")
    if n < FULL_SIZE_QUESTIONS:
        reasons.append(f"With {n} questions only large gains can be shown; {FULL_SIZE_QUESTIONS} are a good number.")
    if is_worn_out(evidence.look):
        reasons.append(f"Look {evidence.look} at the same questions: they are worn out, add fresh ones.")
    return tuple(reasons)
