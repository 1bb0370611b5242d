"""Which pairs are meant: one filter for lists, counts, decisions in bulk and export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from lorastudio.domain.errors import UsageError
from lorastudio.domain.pair import Decider, Origin, PairState, Split


@dataclass(frozen=True, slots=True)
class PairFilter:
    """Every field that is given narrows; several values of one field are alternatives.

    `findings` are names of lint findings, a pair with any of them is meant; `clean` means pairs without any.
    Figures are 0..1, both ends included; a pair whose figure is unknown is outside every range. `since` and
    `until` are days (YYYY-MM-DD, UTC) on which pairs came into the library, both included. `search` is read by
    `text_query`. `UsageError` for a range that is the wrong way round and for what is no day.
    """

    states: tuple[PairState, ...] = ()
    origins: tuple[Origin, ...] = ()
    languages: tuple[str, ...] = ()
    deciders: tuple[Decider, ...] = ()
    splits: tuple[Split, ...] = ()
    findings: tuple[str, ...] = ()
    clean: bool = False
    cycles: tuple[int, ...] = ()
    imports: tuple[int, ...] = ()
    min_confidence: float | None = None
    max_confidence: float | None = None
    min_margin: float | None = None
    max_margin: float | None = None
    since: str = ""
    until: str = ""
    search: str = ""

    def __post_init__(self) -> None:
        if self.clean and self.findings:
            raise UsageError("A pair without findings can't have one.", "Ask for findings, or for clean pairs.")
        _check_range("confidence", self.min_confidence, self.max_confidence)
        _check_range("gain", self.min_margin, self.max_margin)
        for day in (self.since, self.until):
            _check_day(day)
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"No day is both after {self.since} and before {self.until}.", "Swap the two days.")

    def as_record(self) -> dict[str, Any]:
        """What is given, JSON-able; `from_record` reads it."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: [_plain(item) for item in value] if isinstance(value, tuple) else value
            for name, value in given.items()
            if value != defaults[name]
        }


_VALUES: dict[str, type[StrEnum]] = {"states": PairState, "origins": Origin, "deciders": Decider, "splits": Split}
_NUMBERS = ("cycles", "imports")
_WORDS = ("languages", "findings")


def from_record(record: Mapping[str, Any]) -> PairFilter:
    """The filter that `as_record` wrote; `UsageError` for a field or a value that this program doesn't know."""
    unknown = set(record) - {field.name for field in fields(PairFilter)}
    if unknown:
        raise UsageError(f"A filter has no {min(unknown)}.", "It may come from a newer version of the program.")
    try:
        return PairFilter(**{name: _typed(name, value) for name, value in record.items()})
    except (TypeError, ValueError) as error:
        raise UsageError(f"The filter can't be read: {error}.") from error


def _typed(name: str, value: Any) -> Any:
    if name in _VALUES:
        return tuple(_VALUES[name](item) for item in value)
    if name in _NUMBERS:
        return tuple(int(item) for item in value)
    if name in _WORDS:
        return tuple(str(item) for item in value)
    return value


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _check_range(what: str, least: float | None, most: float | None) -> None:
    if least is not None and most is not None and least > most:
        raise UsageError(f"No {what} is at least {least:g} and at most {most:g}.", "Swap the two.")


def _check_day(day: str) -> None:
    if not day:
        return
    try:
        usual = date.fromisoformat(day).isoformat()
    except ValueError:
        usual = ""
    if usual != day:
        raise UsageError(f"{day} is no day.", "Write it like 2026-11-22.")


EVERY_PAIR = PairFilter()
