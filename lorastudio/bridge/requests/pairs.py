"""Reviewing pairs: lists of ids, rows of a page, one pair with all that is known of it, and decisions."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lorastudio.domain.changes import Changes
from lorastudio.domain.draft import Critique, Cycle, Question
from lorastudio.domain.pair import Origin, Pair, PairOrder, PairState

if TYPE_CHECKING:
    from lorastudio.datasets.word_diff import WordDiff
    from lorastudio.store.library import Library

# More of one answer than this is not shown: laying out megabytes would stall the window.
SHOWN_CHARACTERS = 50_000
TITLE_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class PairFilter:
    """Which pairs a list shows, and in which order; `state` None is all of them."""

    state: PairState | None = PairState.PENDING
    search: str = ""
    order: PairOrder = PairOrder.MARGIN


@dataclass(frozen=True, slots=True)
class PairList:
    """The ids that a filter lets through, and how many pairs the library has in each state."""

    filter: PairFilter
    ids: array[int]
    counts: dict[PairState, int]


@dataclass(frozen=True, slots=True)
class PairRow:
    """What a line of the list shows. Iterations are those of the two drafts, None for a pair without."""

    id: int
    title: str
    state: PairState
    origin: Origin
    margin: float | None
    confidence: float | None
    findings: int
    cycle_id: int | None
    bad_iteration: int | None
    good_iteration: int | None


@dataclass(frozen=True, slots=True)
class Side:
    """Where one answer came from: its draft's iteration and the critic's verdict, both None without a draft."""

    iteration: int | None = None
    critique: Critique | None = None


@dataclass(frozen=True, slots=True)
class PairSheet:
    """A pair with its lineage. `diff` compares bad (first) with good; `left_out` characters are not shown, and the
    question took `iterations` drafts."""

    pair: Pair
    diff: WordDiff
    left_out: int
    bad: Side
    good: Side
    cycle: Cycle | None
    question: Question | None
    iterations: int
    original: Pair | None
    file_name: str


def read_list(library: Library, chosen: PairFilter) -> PairList:
    """The ids, sorted by SQLite."""
    from lorastudio.domain.pair_filter import PairFilter as StoredFilter
    from lorastudio.store.pairs import count_pairs, pair_ids

    states = () if chosen.state is None else (chosen.state,)
    ids = pair_ids(library, StoredFilter(states=states, search=chosen.search), order=chosen.order)
    return PairList(chosen, ids, count_pairs(library))


def read_counts(library: Library) -> dict[PairState, int]:
    """How many pairs there are in each state."""
    from lorastudio.store.pairs import count_pairs

    return count_pairs(library)


def read_rows(library: Library, ids: Sequence[int]) -> list[PairRow]:
    """The lines of a page; pairs that are gone are left out."""
    from lorastudio.store.pairs import get_pairs

    return [_row(library, pair) for pair in get_pairs(library, ids)]


def read_sheet(library: Library, pair_id: int) -> PairSheet:
    """One pair; `KnownError` when it is gone."""
    from lorastudio.datasets.word_diff import word_diff
    from lorastudio.store.cycles import get_cycle
    from lorastudio.store.drafts import list_drafts
    from lorastudio.store.imports import import_path
    from lorastudio.store.pairs import get_original, get_pair
    from lorastudio.store.questions import get_question

    pair = get_pair(library, pair_id)
    drafts = [] if pair.question_id is None else list_drafts(library, pair.question_id)
    bad, good = pair.bad or "", pair.good or ""
    return PairSheet(
        pair=pair,
        diff=word_diff(bad[:SHOWN_CHARACTERS], good[:SHOWN_CHARACTERS]),
        left_out=sum(max(0, len(text) - SHOWN_CHARACTERS) for text in (bad, good)),
        bad=_side(library, pair.bad_draft_id),
        good=_side(library, pair.good_draft_id),
        cycle=None if pair.cycle_id is None else get_cycle(library, pair.cycle_id),
        question=None if pair.question_id is None else get_question(library, pair.question_id),
        iterations=max((draft.iteration for draft in drafts), default=0),
        original=get_original(library, pair_id),
        file_name="" if pair.import_id is None else _last_part(import_path(library, pair.import_id)),
    )


def decide(library: Library, ids: Sequence[int], state: PairState) -> Changes:
    """A person's decision on pairs they looked at; one undo step."""
    from lorastudio.domain.pair import Decider
    from lorastudio.services import curation

    return curation.decide(library, ids, state, Decider.PERSON)


def edit(library: Library, pair_id: int, prompt: str | None, good: str | None, bad: str | None) -> Changes:
    """Change texts; None leaves one as it is, and `prompt` is the last turn of the conversation."""
    from dataclasses import replace

    from lorastudio.services import curation
    from lorastudio.store.pairs import get_pair

    turns = get_pair(library, pair_id).prompt
    changed = None if prompt is None or not turns else (*turns[:-1], replace(turns[-1], content=prompt))
    return curation.edit_pair(library, pair_id, good=good, bad=bad, prompt=changed)


def count_waiting(library: Library, search: str, least: float | None) -> int:
    """How many pairs `decide_waiting` would decide on now."""
    return len(_waiting(library, search, least))


def decide_waiting(library: Library, state: PairState, search: str, least: float | None) -> Changes:
    """Decide on every waiting pair that the search finds and that has at least the confidence `least`, in bulk."""
    from lorastudio.domain.pair import Decider
    from lorastudio.services import curation

    if not search.strip():
        return curation.decide_all_pending(library, state, least)
    decider = Decider.BULK if least is None else Decider.RULE
    return curation.decide(library, _waiting(library, search, least), state, decider)


def read_least_confidence(library: Library) -> float:
    """The confidence from which on a pair counts without a person's look."""
    from lorastudio.services.curation import minimum_confidence

    return minimum_confidence(library)


def _waiting(library: Library, search: str, least: float | None) -> array[int]:
    from lorastudio.domain.pair_filter import PairFilter as StoredFilter
    from lorastudio.services.confidence import read_confidence
    from lorastudio.store.pairs import pair_ids

    waiting = StoredFilter(states=(PairState.PENDING,), search=search)
    filters = [waiting] if least is None else read_confidence(library).worth(least, waiting)
    return array("q", sorted(pair_id for chosen in filters for pair_id in pair_ids(library, chosen)))


def _row(library: Library, pair: Pair) -> PairRow:
    return PairRow(
        id=pair.id,
        title=" ".join(pair.prompt[-1].content[: 2 * TITLE_CHARACTERS].split())[:TITLE_CHARACTERS]
        if pair.prompt
        else "",
        state=pair.state,
        origin=pair.origin,
        margin=pair.margin,
        confidence=pair.confidence,
        findings=len(pair.lint),
        cycle_id=pair.cycle_id,
        bad_iteration=_iteration(library, pair.bad_draft_id),
        good_iteration=pair.iteration,
    )


def _iteration(library: Library, draft_id: int | None) -> int | None:
    from lorastudio.store.drafts import get_draft

    return None if draft_id is None else get_draft(library, draft_id).iteration


def _side(library: Library, draft_id: int | None) -> Side:
    from lorastudio.store.critiques import get_critique

    return Side() if draft_id is None else Side(_iteration(library, draft_id), get_critique(library, draft_id))


def _last_part(path: str) -> str:
    from pathlib import Path

    return Path(path).name
