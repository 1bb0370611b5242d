"""Extraction: pairs out of the drafts of a finished cycle."""

from __future__ import annotations

from lorastudio.datasets.extraction import extract_pairs
from lorastudio.domain.changes import Changes
from lorastudio.domain.draft import Question
from lorastudio.domain.pair import NewPair
from lorastudio.services.arrivals import Arrivals, every_pair
from lorastudio.services.drafting.final_pair import agreement_of
from lorastudio.store.critiques import get_critique
from lorastudio.store.drafts import list_drafts
from lorastudio.store.judgements import get_judgement
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs
from lorastudio.store.questions import list_questions


def extract_cycle(library: Library, cycle_id: int) -> Changes:
    """Propose the pairs of a cycle, ordered by question; they wait for review.

    One transaction, and idempotent: drafts that were paired already are not paired again, even when that pair
    was edited since.
    """
    with library.transaction():
        paired = {(pair.good_draft_id, pair.bad_draft_id) for pair in every_pair(library, cycle_id=cycle_id)}
        proposed = [
            pair
            for question in list_questions(library, cycle_id)
            for pair in _pairs_of(library, question)
            if (pair.good_draft_id, pair.bad_draft_id) not in paired
        ]
        if not proposed:
            return Changes()
        arrivals = Arrivals(library)
        placed = arrivals.place(proposed)
        arrivals.assign(placed)
        return Changes(pairs=add_pairs(library, placed).ids)


def _pairs_of(library: Library, question: Question) -> list[NewPair]:
    drafts = list_drafts(library, question.id)
    critiques = {draft.id: critique for draft in drafts if (critique := get_critique(library, draft.id)) is not None}
    judgement = get_judgement(library, question.id)
    pairs = extract_pairs(question, drafts, critiques, agreement=agreement_of(judgement))
    if judgement is not None and any(pair.good_draft_id != judgement.best_draft_id for pair in pairs):
        return extract_pairs(question, drafts, critiques)  # the judge compared another draft with its counterpart
    return pairs
