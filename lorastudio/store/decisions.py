"""What a person decided by hand about pairs whose confidence is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lorastudio.domain.pair import Decider, Origin, PairState
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_listing import pair_ids

_DECIDED = PairFilter(states=(PairState.ACCEPTED, PairState.REJECTED), deciders=(Decider.PERSON,), min_confidence=0.0)


class PersonsDecision(NamedTuple):
    """The confidence (0..1) of a pair, whether the person accepted it, and its group."""

    confidence: float
    accepted: bool
    group: str


def list_decisions(library: Library, origins: Sequence[Origin]) -> list[PersonsDecision]:
    """Decisions on single pairs of these origins, by id; those in bulk and by the rule are left out."""
    with library.snapshot():
        rows = library.rows(
            "SELECT pairs.confidence AS confidence, pairs.state AS state, groups.name AS name FROM json_each(?)"
            " CROSS JOIN pairs ON pairs.id = json_each.value CROSS JOIN groups ON groups.id = pairs.group_id",
            (to_json(list(pair_ids(library, replace(_DECIDED, origins=tuple(origins))))),),
        )
    return [PersonsDecision(row["confidence"], row["state"] == PairState.ACCEPTED, row["name"]) for row in rows]
