"""One pair taken apart: into its two answers, or a conversation into its turns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import UsageError
from lorastudio.domain.history import ActionKind
from lorastudio.domain.pair import NewPair, Pair
from lorastudio.services.curation.editing import findings_of
from lorastudio.store.library import Library
from lorastudio.store.pair_reshaping import MadePair, replace_pairs
from lorastudio.store.pairs import get_pair


class SplitInto(StrEnum):
    """What a pair is taken apart into.

    ANSWERS: an example with the good answer alone and one with the bad answer alone, in the place of the pair.
    TURNS: every answer that the assistant gave earlier in the prompt becomes a good-only example, its prompt being
    the conversation up to there. The pair itself is the example of the last turn and stays.
    """

    ANSWERS = "answers"
    TURNS = "turns"


def split_pairs(library: Library, ids: Iterable[int], into: SplitInto) -> Changes:
    """Take pairs apart, as one undo step.

    The parts keep their pair's group (so a split never moves text across the held-out line), its state and who
    decided it; findings are made anew. A part that the library has already is not added twice. `UsageError` for a
    pair that has no two answers, or no earlier turn; KnownError for one that does not exist.
    """
    wanted = sorted(set(ids))
    with library.transaction():
        olds = [get_pair(library, pair_id) for pair_id in wanted]
        parts = [MadePair(part, old.state, old.decided_by) for old in olds for part in _parts(old, into)]
        what = f"pair {wanted[0]}" if len(wanted) == 1 else f"{len(wanted)} pairs"
        gone = wanted if into is SplitInto.ANSWERS else []
        return replace_pairs(library, ActionKind.SPLIT, f"split of {what} into {into.value}", gone=gone, made=parts)


def as_new(pair: Pair) -> NewPair:
    """The pair as one that has no id yet."""
    return NewPair(**{name: getattr(pair, name) for name in NewPair.__slots__})


def _parts(pair: Pair, into: SplitInto) -> list[NewPair]:
    parts = _answers(pair) if into is SplitInto.ANSWERS else _turns(pair)
    return [replace(part, margin=None, lint=findings_of(part, pair)) for part in parts]


def _answers(pair: Pair) -> list[NewPair]:
    if pair.good is None or pair.bad is None:
        raise UsageError(f"Pair {pair.id} has one answer only.", "Only a good and a bad answer can be split.")
    new = as_new(pair)
    return [replace(new, bad=None, bad_draft_id=None), replace(new, good=None, good_draft_id=None)]


def _turns(pair: Pair) -> list[NewPair]:
    answered = [number for number, turn in enumerate(pair.prompt) if turn.role == "assistant" and number]
    if not answered:
        raise UsageError(f"Pair {pair.id} has no earlier answer in its prompt.", "Only a conversation has turns.")
    # The figures and drafts of the pair are about its last turn alone.
    new = replace(as_new(pair), bad=None, confidence=None, iteration=None, good_draft_id=None, bad_draft_id=None)
    return [replace(new, prompt=pair.prompt[:number], good=pair.prompt[number].content) for number in answered]
