"""How a chat template is asked for answers with or without thinking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ThinkingSwitch:
    """One way to ask a template for a prompt; part of a version, which is served the way it was trained.

    `enabled` is what the template is told as `enable_thinking`: most templates for models that think know the word.
    `closing` is put behind a prompt whose template leaves a thinking block open, to close it again: such a model
    would otherwise be trained on answers in the place of its thoughts.
    """

    enabled: bool
    closing: str = ""

    def as_record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The switch from JSON; KeyError, TypeError or ValueError when it is none."""
        enabled, closing = record["enabled"], record.get("closing", "")
        if not isinstance(enabled, bool) or not isinstance(closing, str):
            raise TypeError("A thinking switch needs a truth value and a text.")
        return cls(enabled, closing)
