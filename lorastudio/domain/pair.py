"""Pairs: a prompt with a good answer, a bad one, or both."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lorastudio.domain.messages import Conversation


class PairState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Origin(StrEnum):
    """How a pair came to be, or who decided on it."""

    DRAFTED = "drafted"
    IMPORTED = "imported"
    VERIFIED = "verified"
    EDITED = "edited"


class Decider(StrEnum):
    """Who accepted or rejected: a person by hand, a person in bulk, or the confidence rule."""

    NOBODY = "nobody"
    PERSON = "person"
    BULK = "bulk"
    RULE = "rule"


class Split(StrEnum):
    """Which side of the split a group lies on; the first assignment wins for ever.

    `QUARANTINED` is a row whose text is near held-out text of another group: neither trained on nor
    measured with.
    """

    TRAIN = "train"
    DEVELOPMENT = "development"
    HELDOUT = "heldout"
    QUARANTINED = "quarantined"


class PairOrder(StrEnum):
    """In which order pairs are listed: as they came, or the greatest margin or confidence first, unknown ones last."""

    ARRIVAL = "arrival"
    MARGIN = "margin"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class NewPair:
    """A pair before it has an id. At least one of `good` and `bad` is a text.

    `margin` (score of good minus score of bad, 0..1) and `confidence` (0..1) are None when unknown.
    `lint` holds the names of findings, see `datasets.lint`. `extra` keeps columns we don't know.
    """

    prompt: Conversation
    good: str | None
    bad: str | None
    group: str
    origin: Origin
    language: str = ""
    margin: float | None = None
    confidence: float | None = None
    iteration: int | None = None
    cycle_id: int | None = None
    question_id: int | None = None
    good_draft_id: int | None = None
    bad_draft_id: int | None = None
    import_id: int | None = None
    lint: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair(NewPair):
    """A pair in the library. `text_hash` identifies prompt, good and bad; two equal pairs are one."""

    id: int = 0
    state: PairState = PairState.PENDING
    decided_by: Decider = Decider.NOBODY
    split: Split = Split.TRAIN
    text_hash: str = ""
    created_at: str = ""
