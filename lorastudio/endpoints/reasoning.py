"""Reasoning of a model told apart from its answer."""

from __future__ import annotations

import re

OPEN = "<think>"
CLOSE = "</think>"
# A template may have opened the block already: then only the closing tag is seen, at the end of a line.
_ORPHAN_CLOSE = re.compile(r"</think>[ \t]*(?:\n|\Z)")


class ReasoningSplitter:
    """Splits streamed text into answer and reasoning while tags may be cut between deltas.

    A block opens only at the start of a line, so that an answer may speak of the tag; it ends at its closing
    tag or with the text.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._at_line_start = True

    def take(self, delta: str) -> tuple[str, str]:
        """The next text as (answer, reasoning); what may be the start of a tag is held back."""
        self._held += delta
        parts: dict[bool, list[str]] = {False: [], True: []}
        while (position := self._find_tag()) >= 0:
            parts[self._inside].append(self._release(position))
            self._held = self._held.removeprefix(CLOSE if self._inside else OPEN)
            self._inside = not self._inside
            self._at_line_start = True
        parts[self._inside].append(self._release(len(self._held) - self._possible_tag()))
        return "".join(parts[False]), "".join(parts[True])

    def finish(self) -> tuple[str, str]:
        """What was held back, as (answer, reasoning)."""
        held, self._held = self._held, ""
        return ("", held) if self._inside else (held, "")

    def _find_tag(self) -> int:
        if self._inside:
            return self._held.find(CLOSE)
        position = self._held.find(OPEN)
        while position >= 0 and not self._starts_line(position):
            position = self._held.find(OPEN, position + 1)
        return position

    def _starts_line(self, position: int) -> bool:
        before = self._held[:position]
        line = before[before.rfind("\n") + 1 :]
        return not line.strip() and ("\n" in before or self._at_line_start)

    def _possible_tag(self) -> int:
        """How many characters at the end may be the start of the tag looked for."""
        tag = CLOSE if self._inside else OPEN
        longest = min(len(tag) - 1, len(self._held))
        return next((size for size in range(longest, 0, -1) if self._held.endswith(tag[:size])), 0)

    def _release(self, length: int) -> str:
        released, self._held = self._held[:length], self._held[length:]
        line = released[released.rfind("\n") + 1 :]
        self._at_line_start = not line.strip() and ("\n" in released or self._at_line_start)
        return released


def split_reasoning(text: str) -> tuple[str, str]:
    """A whole text as (answer, reasoning), both trimmed; understands a block whose opening tag is missing."""
    splitter = ReasoningSplitter()
    answer, reasoning = splitter.take(text)
    rest_answer, rest_reasoning = splitter.finish()
    answer, reasoning = answer + rest_answer, reasoning + rest_reasoning
    orphan = _ORPHAN_CLOSE.search(answer)
    if orphan:
        reasoning = f"{reasoning}\n{answer[: orphan.start()]}"
        answer = answer[orphan.end() :]
    return answer.strip(), reasoning.strip()
