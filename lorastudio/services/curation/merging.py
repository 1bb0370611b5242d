"""Two pairs of the same prompt made one."""

from __future__ import annotations

from dataclasses import replace

from lorastudio.datasets.words import normalised
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.history import ActionKind
from lorastudio.domain.pair import Decider, NewPair, Origin, Pair, PairState, Split
from lorastudio.services.curation.editing import findings_of
from lorastudio.services.curation.splitting import as_new
from lorastudio.store.critiques import get_critique
from lorastudio.store.library import Library
from lorastudio.store.pair_reshaping import MadePair, replace_pairs
from lorastudio.store.pairs import get_pair


def merge_pairs(
    library: Library, first_id: int, second_id: int, *, good_from: int | None = None, bad_from: int | None = None
) -> Changes:
    """Make one pair of two with the same prompt, as one undo step: the best good answer against the worst bad one.

    Which is best and worst: the critic's scores where both answers have one, else the pair with the greater
    confidence, then gain, then the older one; `good_from` and `bad_from` name the pair instead. An answer that only
    one of the two has is taken from there, which is how two parts of a split come together again. Two that say the
    same but for case and signs leave the better one as it is. The new pair keeps what the two agree in (state,
    cycle, question, import), waits for review where they were decided otherwise, and has the lower confidence.

    `UsageError` when the two are one, have different prompts or a side is taken from a third one; KnownError when
    one does not exist, when they lie on different sides of the split, and when both answers would be the same.
    """
    if first_id == second_id:
        raise UsageError(f"Pair {first_id} can't be merged with itself.", "Name two pairs.")
    if {good_from, bad_from} - {None, first_id, second_id}:
        raise UsageError("The answers of a merge come from its two pairs.", f"Name {first_id} or {second_id}.")
    with library.transaction():
        first, second = get_pair(library, first_id), get_pair(library, second_id)
        _check(first, second)
        named = good_from is not None or bad_from is not None
        better = _by_figures(first, second)
        other = second if better is first else first
        if not named and _texts(first) == _texts(second):
            made = MadePair(as_new(better), better.state, better.decided_by)
        else:
            made = _merged(library, better, other, good_from, bad_from)
        label = f"merge of pairs {first_id} and {second_id}"
        return replace_pairs(library, ActionKind.MERGE, label, gone=(first_id, second_id), made=[made])


def _check(first: Pair, second: Pair) -> None:
    if [turn.as_record() for turn in first.prompt] != [turn.as_record() for turn in second.prompt]:
        raise UsageError(f"Pairs {first.id} and {second.id} have different prompts.", "Edit one of the prompts first.")
    if first.split is not second.split:
        raise KnownError(
            f"Pair {first.id} is in the part {_word(first.split)}, pair {second.id} in the part {_word(second.split)}.",
            "Only pairs of one part can be merged, or held-out text would be trained on.",
        )


def _word(split: Split) -> str:
    return split.value


def _merged(library: Library, better: Pair, other: Pair, good_from: int | None, bad_from: int | None) -> MadePair:
    good = _source(library, better, other, "good", good_from)
    bad = _source(library, better, other, "bad", bad_from)
    if good.good is not None and good.good == bad.bad:
        raise KnownError("Good and bad answer would be the same text.", "Say which pair gives which answer.")
    known = [pair.confidence for pair in (better, other) if pair.confidence is not None]
    agreed = (better.state, better.decided_by) == (other.state, other.decided_by)
    new = replace(
        as_new(better),
        good=good.good,
        bad=bad.bad,
        origin=better.origin if better.origin is other.origin else Origin.EDITED,
        good_draft_id=good.good_draft_id,
        bad_draft_id=bad.bad_draft_id,
        iteration=good.iteration,
        margin=_margin(library, good, bad),
        confidence=min(known, default=None),
        cycle_id=better.cycle_id if better.cycle_id == other.cycle_id else None,
        question_id=better.question_id if better.question_id == other.question_id else None,
        import_id=better.import_id if better.import_id == other.import_id else None,
    )
    new = replace(new, lint=findings_of(new, replace(better, lint=(*better.lint, *other.lint))))
    if agreed:
        return MadePair(new, better.state, better.decided_by)
    return MadePair(new, PairState.PENDING, Decider.NOBODY)


def _source(library: Library, better: Pair, other: Pair, side: str, named: int | None) -> Pair:
    """The pair that gives one side."""
    if named is not None:
        return better if better.id == named else other
    if getattr(better, side) is None or getattr(other, side) is None:
        return other if getattr(better, side) is None else better
    scores = [_score(library, getattr(pair, f"{side}_draft_id")) for pair in (better, other)]
    if scores[0] is None or scores[1] is None or scores[0] == scores[1]:
        return better
    higher = better if scores[0] > scores[1] else other
    return higher if side == "good" else (other if higher is better else better)


def _margin(library: Library, good: Pair, bad: Pair) -> float | None:
    """The gain of the new pair: that of a pair that gives both answers, else what the critic's scores say."""
    if good is bad:
        return good.margin
    high, low = _score(library, good.good_draft_id), _score(library, bad.bad_draft_id)
    return None if high is None or low is None else max(0.0, high - low)


def _score(library: Library, draft_id: int | None) -> float | None:
    critique = None if draft_id is None else get_critique(library, draft_id)
    return None if critique is None else critique.score


def _by_figures(first: Pair, second: Pair) -> Pair:
    """The better one: by confidence, then by gain, then the older one."""

    def rank(pair: Pair) -> tuple[float, float, int]:
        unknown = -1.0
        return (
            unknown if pair.confidence is None else pair.confidence,
            unknown if pair.margin is None else pair.margin,
            -pair.id,
        )

    return max(first, second, key=rank)


def _texts(pair: NewPair) -> tuple[str | None, ...]:
    return tuple(None if text is None else normalised(text) for text in (pair.good, pair.bad))
