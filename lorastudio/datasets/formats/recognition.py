"""Which format a row is in, by its columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from lorastudio.datasets.formats import openai, seed, trl
from lorastudio.datasets.formats.row_format import RowFormat, Values

UNKNOWN = "unknown"
# The first one that knows a row reads it: labelled rows have the seed format's columns too.
FORMATS: tuple[RowFormat, ...] = (
    trl.LABELLED,
    trl.EXPLICIT,
    seed.SEED,
    trl.IMPLICIT,
    openai.PREFERENCE,
    openai.CHAT,
)


class Guess(NamedTuple):
    """The commonest format of some rows, and the share of them that is in it."""

    format: str
    sure: float


def format_of(values: Values) -> RowFormat | None:
    """The format of a row, None when nobody knows it."""
    return next((known for known in FORMATS if known.recognises(values)), None)


def guess_format(rows: Iterable[Values]) -> Guess:
    """What a file is, by its first rows; ties go to the format that came first."""
    counts = Counter(found.name if (found := format_of(values)) else UNKNOWN for values in rows)
    if not counts:
        return Guess(UNKNOWN, 0.0)
    name, count = counts.most_common(1)[0]
    return Guess(name, count / counts.total())
