"""A pair in words: where it came from, how sure anybody is of it, and what the critic said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lorastudio.domain.draft import Critique
from lorastudio.domain.pair import Decider, Origin, Pair, PairOrder, PairState
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.bridge.requests.pairs import PairRow, PairSheet, Side

STATE_NAMES = {PairState.PENDING: "To review", PairState.ACCEPTED: "Accepted", PairState.REJECTED: "Rejected"}
STATE_KINDS = {PairState.PENDING: "warn", PairState.ACCEPTED: "good", PairState.REJECTED: "bad"}
ORDER_NAMES = {
    PairOrder.MARGIN: "by gain",
    PairOrder.CONFIDENCE: "by confidence",
    PairOrder.ARRIVAL: "as they came",
}
DECIDERS = {Decider.PERSON: "by you", Decider.BULK: "by you, in bulk", Decider.RULE: "by the confidence rule"}
POINTS = 10  # scores are kept from 0 to 1 and shown from 0 to 10
MOST_ISSUES = 3


def gain(margin: float | None) -> str:
    """0.31 → "+3.1", empty when unknown."""
    return "" if margin is None else f"{POINTS * margin:+.1f}"


def confidence(value: float | None) -> str:
    """0.953 → "0.95", empty when unknown."""
    return "" if value is None else f"{value:.2f}"


def row_line(row: PairRow) -> str:
    """The second line of a row."""
    edited = ", edited" if row.origin is Origin.EDITED else ""
    if row.cycle_id is None:
        return f"imported{edited}" if row.origin in (Origin.IMPORTED, Origin.EDITED) else f"pair {row.id}"
    if row.bad_iteration is None or row.good_iteration is None:
        return f"cycle {row.cycle_id}{edited}"
    return f"cycle {row.cycle_id}, draft {row.bad_iteration} to {row.good_iteration}{edited}"


def spoken_row(row: PairRow) -> str:
    """A whole row, for those who hear it."""
    parts = [row.title, STATE_NAMES[row.state], row_line(row)]
    parts += [f"gain {gain(row.margin)}"] if row.margin is not None else []
    parts += [f"confidence {confidence(row.confidence)}"] if row.confidence is not None else []
    parts += [counted(row.findings, "warning")] if row.findings else []
    return ", ".join(parts)


def counts_line(counts: dict[PairState, int]) -> str:
    """ "48 to review, 1,204 accepted, 96 rejected"."""
    return ", ".join(f"{count(counts[state])} {name.lower()}" for state, name in STATE_NAMES.items())


def short_count(number: int) -> str:
    """A count that fits on a small button: 1,204, 12k, 1.2M."""
    if number < 10_000:
        return count(number)
    return f"{number / 1000:.0f}k" if number < 999_500 else f"{number / 1_000_000:.1f}M"


def facts(sheet: PairSheet) -> str:
    """Scores, gain and confidence, each with where it comes from."""
    pair, parts = sheet.pair, []
    low, high = _score(sheet.bad.critique), _score(sheet.good.critique)
    origin = "by critic and checks" if pair.cycle_id is not None else "as the file says"
    if low is not None and high is not None:
        parts.append(f"Score {POINTS * low:.1f} to {POINTS * high:.1f}")
    if pair.margin is not None:
        parts.append(f"Gain {gain(pair.margin)}")
    if pair.confidence is not None:
        parts.append(f"Confidence {confidence(pair.confidence)} {origin}")
    elif pair.cycle_id is None:
        parts.append("Nobody said how sure this pair is")
    return "   ".join(parts)


def lineage(sheet: PairSheet) -> str:
    """Cycle, question, iterations and drafts, or the file."""
    pair = sheet.pair
    parts = []
    if sheet.cycle is not None:
        parts.append(f"Cycle {sheet.cycle.id}")
    if sheet.question is not None:
        parts.append(f"question {sheet.question.position + 1}")
    if sheet.bad.iteration is not None and sheet.good.iteration is not None:
        parts.append(f"draft {sheet.bad.iteration} to {sheet.good.iteration} of {sheet.iterations}")
    if sheet.file_name:
        parts.append(f"From {sheet.file_name}")
    if sheet.original is not None:
        parts.append("edited, the original is kept")
    if pair.decided_by is not Decider.NOBODY and pair.state is not PairState.PENDING:
        parts.append(f"{STATE_NAMES[pair.state].lower()} {DECIDERS[pair.decided_by]}")
    line = ", ".join(parts) or f"Pair {pair.id}"
    return line[0].upper() + line[1:]


def side_line(side: Side, text: str | None) -> str:
    """ "draft 2, 118 words"."""
    words = counted(len((text or "").split()), "word")
    return words if side.iteration is None else f"draft {side.iteration}, {words}"


def verdict(sheet: PairSheet) -> str:
    """What the critic found in the two drafts; empty when no critic saw them."""
    return " ".join(part for part in (_issues(sheet.bad), _issues(sheet.good)) if part)


def prompt_text(pair: Pair) -> str:
    """The conversation; turns are named where there are several."""
    if len(pair.prompt) == 1:
        return pair.prompt[0].content
    names = {"system": "System", "user": "User", "assistant": "Assistant"}
    return "\n".join(f"{names[turn.role]}: {turn.content}" for turn in pair.prompt)


def _score(critique: Critique | None) -> float | None:
    return None if critique is None else critique.score


def _issues(side: Side) -> str:
    if side.critique is None:
        return ""
    name = f"Draft {side.iteration}"
    if side.critique.abstained:
        return f"{name}: the critic abstained."
    if not side.critique.issues:
        return f"{name}: no faults found."
    told = [issue.message.strip().rstrip(".") for issue in side.critique.issues]
    more = len(told) - MOST_ISSUES
    return f"{name}: {'; '.join(told[:MOST_ISSUES])}{f'; {more} more' if more > 0 else ''}."
