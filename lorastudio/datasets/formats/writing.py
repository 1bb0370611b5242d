"""The formats that pairs are written in. Every line is read back before it counts as written: what a format can't hold
is never lost silently."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats import alpaca, openai, seed, trl
from lorastudio.datasets.formats.recognition import Recognition
from lorastudio.datasets.formats.row_format import RowFormat
from lorastudio.datasets.rows import Row, rows_of_lines
from lorastudio.domain.errors import UsageError
from lorastudio.domain.messages import as_records
from lorastudio.domain.pair import Pair

_OWN = ("confidence", "margin", "iteration", "group", "language", "other columns")


class CantHoldError(Exception):
    """A pair can't be written in a format; `str()` says why, in words that follow "pairs that"."""


@dataclass(frozen=True, slots=True)
class Writing:
    """One format for writing, which is read back as `read_as`. `not_kept` names what of every pair is left behind. A
    preference needs both answers; without `keeps_bad` only the good one is written."""

    name: str
    read_as: RowFormat
    row: Callable[[Pair], Mapping[str, Any]]
    not_kept: tuple[str, ...] = ()
    keeps_bad: bool = True
    needs_both: bool = True

    def line(self, pair: Pair) -> bytes:
        """The pair as a line of JSON. `CantHoldError` when the line would not give the same pair again."""
        if pair.good is None and not self.keeps_bad:
            raise CantHoldError("have no good answer")
        if self.needs_both and (pair.good is None or pair.bad is None):
            raise CantHoldError("have no two answers to prefer one of")
        try:
            line = json.dumps(self.row(pair), ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"
        except UnicodeEncodeError:
            raise CantHoldError("hold half of a character (a lone surrogate)") from None
        self._check(line, pair)
        return line

    def _check(self, line: bytes, pair: Pair) -> None:
        try:
            again = self._read(line)
        except RowError as error:
            raise CantHoldError(f"would be refused when read again (such a row {error})") from None
        bad = pair.bad if self.keeps_bad else None
        if again is None or (again.prompt, again.good, again.bad) != (pair.prompt, pair.good, bad):
            raise CantHoldError("would not be the same when read again")

    def _read(self, line: bytes) -> Example | None:
        """What an import makes of a line; None where it takes it for something else."""
        (row,) = rows_of_lines(iter((line,)))
        known = Recognition().format_of(row.values) if isinstance(row, Row) else None
        return known.read(row.values) if known is self.read_as and isinstance(row, Row) else None


def writing(name: str) -> Writing:
    """The format for writing of this name; UsageError when there is none."""
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    found = next((one for one in WRITINGS if one.name == plain), None)
    if found is None:
        names = ", ".join(one.name for one in WRITINGS)
        raise UsageError(f"Pairs can't be written in the format {name!r}.", f"The formats are: {names}.")
    return found


def _told(text: str | None) -> list[dict[str, str]] | None:
    return None if text is None else [{"role": "assistant", "content": text}]


def _as_trl(pair: Pair) -> dict[str, Any]:
    return {"prompt": as_records(pair.prompt), "chosen": _told(pair.good), "rejected": _told(pair.bad)}


def _as_openai(pair: Pair) -> dict[str, Any]:
    asked = {"messages": as_records(pair.prompt)}
    return {"input": asked, "preferred_output": _told(pair.good), "non_preferred_output": _told(pair.bad)}


def _as_chat(pair: Pair) -> dict[str, Any]:
    return {"messages": [*as_records(pair.prompt), *(_told(pair.good) or ())]}


WRITINGS = (
    Writing("seed", seed.SEED, seed.as_seed_row, needs_both=False),
    Writing("trl", trl.EXPLICIT, _as_trl, _OWN),
    Writing("openai-preference", openai.PREFERENCE, _as_openai, _OWN),
    Writing("alpaca-ranking", alpaca.RANKING, alpaca.as_row, _OWN),
    Writing("sft", openai.CHAT, _as_chat, _OWN, keeps_bad=False, needs_both=False),
)
