"""A page of pairs with the places that a search found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lorastudio.domain.pair import Pair, PairOrder
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.domain.text_query import Snippet, parse_query, snippet
from lorastudio.services.confidence import read_confidence
from lorastudio.store.library import Library
from lorastudio.store.pairs import list_pairs

SNIPPET_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class FoundPair:
    """A pair; `snippets` show its matches by text (prompt, good, bad), those without one left out. `worth` is what its
    confidence is worth, see `services.confidence`: the confidence itself as long as nothing was learnt about it."""

    pair: Pair
    snippets: Mapping[str, Snippet]
    worth: float | None


def find_pairs(
    library: Library,
    chosen: PairFilter = EVERY_PAIR,
    *,
    order: PairOrder = PairOrder.ARRIVAL,
    limit: int = 50,
    after_id: int = 0,
    width: int = SNIPPET_CHARACTERS,
) -> list[FoundPair]:
    """A page as `list_pairs` gives it, with snippets of at most `width` characters where the filter searches."""
    terms = parse_query(chosen.search)
    confidence = read_confidence(library)
    found = []
    for pair in list_pairs(library, chosen, order=order, limit=limit, after_id=after_id):
        prompt = "\n".join(turn.content for turn in pair.prompt)
        texts = {"prompt": prompt, "good": pair.good or "", "bad": pair.bad or ""}
        pieces = {name: snippet(terms, text, width) for name, text in texts.items()}
        shown = {name: piece for name, piece in pieces.items() if piece is not None}
        found.append(FoundPair(pair, shown, confidence.of(pair)))
    return found
