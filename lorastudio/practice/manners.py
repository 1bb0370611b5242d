"""Bad manners that the practice critic can be told to show, so that clients meet them over real HTTP.

Manners are written as a list, `NAME[:VALUE][*COUNT], ...`: `429:2*3, fenced-json` refuses the first three
requests, each with Retry-After 2, and wraps every answer in a Markdown fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from lorastudio.domain.errors import UsageError

_RULE = re.compile(r"(?P<name>[a-z0-9-]+)(:(?P<value>\d+(\.\d+)?))?(\*(?P<count>\d+))?")


class Manner(StrEnum):
    """One way to behave badly; what VALUE means is said where there is one."""

    IGNORES_RESPONSE_FORMAT = "ignores-response-format"
    FENCED_JSON = "fenced-json"
    BROKEN_JSON = "broken-json"  # trailing commas and no closing brace: can be repaired
    CUT_JSON = "cut-json"  # ends in the middle: can't be repaired
    PROSE = "prose"
    LINES = "lines"  # "name: number" lines in place of JSON
    STALL = "stall"  # begins a stream, or not even that, and then says nothing until the client leaves
    TOO_MANY_REQUESTS = "429"  # VALUE: Retry-After in seconds, 0 unless told
    SERVER_ERROR = "500"
    DROPPED_STREAM = "dropped-stream"  # the connection closes in the middle of the answer
    SLOW_DRIP = "slow-drip"  # VALUE: seconds between two pieces, 0.05 unless told
    WRONG_USAGE = "wrong-usage"
    NO_USAGE = "no-usage"


@dataclass(frozen=True, slots=True)
class Rule:
    """One manner; it holds for the first `count` requests, or for all of them."""

    manner: Manner
    value: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server behaves; without rules it behaves well."""

    rules: tuple[Rule, ...] = ()

    def at(self, request: int) -> ActiveManners:
        """The manners that hold for request number `request`, counted from 0."""
        active = (rule for rule in self.rules if rule.count is None or request < rule.count)
        return ActiveManners({rule.manner: rule.value for rule in active})


@dataclass(frozen=True, slots=True)
class ActiveManners:
    """The manners of one request, with their values."""

    values: dict[Manner, float | None]

    def __contains__(self, manner: Manner) -> bool:
        return manner in self.values

    def value(self, manner: Manner, usual: float) -> float:
        """The value of a manner that was told, or else `usual`."""
        told = self.values.get(manner)
        return usual if told is None else told


def parse_manners(text: str) -> Manners:
    """Read a list of manners; an empty text means good manners. UsageError names what can't be read."""
    return Manners(tuple(_rules(text)))


def _rules(text: str) -> Iterator[Rule]:
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _RULE.fullmatch(part)
        if found is None or found["name"] not in list(Manner):
            raise UsageError(
                f"The practice critic has no manners called “{part}”.",
                f"It has {', '.join(Manner)}; write NAME[:VALUE][*COUNT], separated by commas.",
            )
        yield Rule(
            Manner(found["name"]),
            float(found["value"]) if found["value"] else None,
            int(found["count"]) if found["count"] else None,
        )
