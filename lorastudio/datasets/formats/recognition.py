"""Which format a row is in, by its columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from lorastudio.datasets.formats import (
    alpaca,
    argilla,
    label_studio,
    named_columns,
    openai,
    seed,
    sharegpt,
    transcripts,
    trl,
    ultrafeedback,
)
from lorastudio.datasets.formats.row_format import RowFormat, Values

UNKNOWN = "unknown"
# The first one that knows a row reads it: labelled rows have the seed format's columns too.
FORMATS: tuple[RowFormat, ...] = (
    argilla.ARGILLA,
    label_studio.LABEL_STUDIO,
    trl.LABELLED,
    ultrafeedback.ULTRAFEEDBACK,
    alpaca.RANKING,
    trl.EXPLICIT,
    seed.SEED,
    sharegpt.RANKING,
    transcripts.HH_RLHF,
    trl.IMPLICIT,
    openai.PREFERENCE,
    openai.CHAT,
    sharegpt.PLAIN,
    alpaca.PLAIN,
    transcripts.TEXT,
    named_columns.NAMED_COLUMNS,
)


class Guess(NamedTuple):
    """The commonest format of some rows, and how sure that is (0..1): the share of them that is in it, times how
    telling its columns are."""

    format: str
    sure: float


class Recognition:
    """The formats of the rows of one file. Rows of one shape (columns and types) are looked at once.

    `forced` names the one format that all rows are to be read in.
    """

    def __init__(self, forced: str | None = None) -> None:
        self._candidates = FORMATS if forced is None else tuple(one for one in FORMATS if one.name == forced)
        self._seen: dict[tuple[tuple[str, ...], tuple[type, ...]], RowFormat | None] = {}

    def format_of(self, values: Values) -> RowFormat | None:
        """The format of a row, None when nobody knows it."""
        shape = (tuple(values), tuple(map(type, values.values())))
        if shape not in self._seen:
            self._seen[shape] = next((known for known in self._candidates if known.recognises(values)), None)
        return self._seen[shape]

    def guess(self, rows: Iterable[Values]) -> Guess:
        """What a file is, by its first rows; ties go to the format that came first."""
        found = [self.format_of(values) for values in rows]
        counts = Counter(UNKNOWN if known is None else known.name for known in found)
        if not counts:
            return Guess(UNKNOWN, 0.0)
        name, count = counts.most_common(1)[0]
        telling = next((known.telling for known in FORMATS if known.name == name), 0.0)
        return Guess(name, count / len(found) * telling)
