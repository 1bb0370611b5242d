"""What a person decided by hand about pairs whose confidence is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lorastudio.domain.history import ActionKind, ActionState, Actor
from lorastudio.domain.pair import Decider, Origin, PairState
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import VISIBLE


class PersonsDecision(NamedTuple):
    """The confidence (0..1) of a pair, whether the person accepted it, and its group."""

    confidence: float
    accepted: bool
    group: str


def list_decisions(library: Library, origins: Sequence[Origin], most: int) -> list[PersonsDecision]:
    """How the pairs of these origins stand that a person decided on in the last `most` decisions that hold, by id;
    decisions in bulk and by the rule don't count."""
    rows = library.rows(
        "SELECT pairs.confidence AS confidence, pairs.state AS state, groups.name AS name FROM pairs"
        " CROSS JOIN groups ON groups.id = pairs.group_id WHERE pairs.id IN"
        " (SELECT action_pairs.pair_id FROM actions CROSS JOIN action_pairs ON action_pairs.action_id = actions.id"
        " WHERE +actions.state = :done AND actions.kind = :decide AND actions.who = :person"
        " ORDER BY actions.id DESC LIMIT :most)"
        " AND pairs.decided_by = :by_hand AND pairs.state <> :pending AND pairs.confidence IS NOT NULL"
        f" AND pairs.origin IN (SELECT value FROM json_each(:origins)) AND {VISIBLE} ORDER BY pairs.id",
        {
            "done": ActionState.DONE,
            "decide": ActionKind.DECIDE,
            "person": Actor.PERSON,
            "most": most,
            "by_hand": Decider.PERSON,
            "pending": PairState.PENDING,
            "origins": to_json(list(origins)),
        },
    )
    return [PersonsDecision(row["confidence"], row["state"] == PairState.ACCEPTED, row["name"]) for row in rows]
