"""Dates in one form: ISO 8601, or None where a text is no date or could be two."""

from __future__ import annotations

import re
from datetime import date

_ENGLISH = "january february march april may june july august september october november december"
_PORTUGUESE = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
_MONTHS = {name: number for names in (_ENGLISH, _PORTUGUESE) for number, name in enumerate(names.split(), 1)}
_MONTHS |= {name[:3]: number for name, number in tuple(_MONTHS.items())} | {"marco": 3, "sept": 9}

_MONTH = r"(?P<month>[^\W\d_]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|º|o)?"
_YEAR = r"(?P<year>\d{4})"
_NAMED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_DAY} (?:de |of )?{_MONTH}(?: de|,)? {_YEAR}",
        rf"{_MONTH} {_DAY},? {_YEAR}",
    )
)
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
_SLASHED = re.compile(r"(?P<first>\d{1,2})[/.](?P<second>\d{1,2})[/.](?P<year>\d{4})")


def date_key(text: str, language: str) -> str | None:
    """Like "1969-07-20". Days and months in figures alone are read by `language` ("pt": the day first), or where
    one of them can only be a day; else not at all."""
    text = " ".join(text.casefold().split())
    found = _ISO.fullmatch(text)
    if found is not None:
        return _iso(found["year"], int(found["month"]), found["day"])
    for pattern in _NAMED:
        found = pattern.fullmatch(text)
        if found is not None and found["month"] in _MONTHS:
            return _iso(found["year"], _MONTHS[found["month"]], found["day"])
    found = _SLASHED.fullmatch(text)
    if found is None:
        return None
    first, second = int(found["first"]), int(found["second"])
    if language[:2] == "pt" or first > 12:
        return _iso(found["year"], second, first)
    return _iso(found["year"], first, second) if second > 12 else None


def _iso(year: str, month: int, day: str | int) -> str | None:
    try:
        return date(int(year), month, int(day)).isoformat()
    except ValueError:
        return None
