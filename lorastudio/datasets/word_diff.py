"""Two texts word by word: what only the first has, what only the second has, and what both share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "gone", "new"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
# A lone short word that both texts share, such as "of" between two changes, only breaks the change in two.
_LONGEST_CRUMB = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; "gone" stands in the first text alone, "new" in the second alone."""

    text: str
    kind: Kind = "same"


@dataclass(frozen=True, slots=True)
class WordDiff:
    """The pieces of the first text, of the second, and of both in one. Joined, the first two are the texts."""

    first: tuple[Piece, ...]
    second: tuple[Piece, ...]
    inline: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """A text and where its words and signs begin and end."""

    text: str
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> _Words:
        return cls(text, tuple(match.span() for match in _TOKEN.finditer(text)))

    def tokens(self) -> list[str]:
        return [self.text[begin:end] for begin, end in self.spans]

    def stretch(self, begin: int, end: int) -> str:
        """Words `begin` to `end` (excluded) with the space between them."""
        return self.text[self.spans[begin][0] : self.spans[end - 1][1]] if begin < end else ""

    def space_before(self, index: int) -> str:
        """What stands between word `index` and the one before it, or the edge of the text."""
        begin = self.spans[index - 1][1] if index else 0
        end = self.spans[index][0] if index < len(self.spans) else len(self.text)
        return self.text[begin:end]


_Change = tuple[bool, int, int, int, int]  # same?, words of the first text, words of the second


def word_diff(first: str, second: str) -> WordDiff:
    """Compare by words and signs; space alone is no difference. Up to a second for 10,000 words each."""
    one, other = _Words.of(first), _Words.of(second)
    changes = list(_changes(one.tokens(), other.tokens()))
    return WordDiff(
        _side(one, [(same, begin, end) for same, begin, end, _, _ in changes], "gone"),
        _side(other, [(same, begin, end) for same, _, _, begin, end in changes], "new"),
        tuple(_inline(one, other, changes)),
    )


def _changes(one: Sequence[str], other: Sequence[str]) -> Iterator[_Change]:
    """The stretches in order, alternately same and not."""
    merged: list[_Change] = []
    opcodes = SequenceMatcher(None, one, other).get_opcodes()
    for index, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        between = 0 < index < len(opcodes) - 1
        same = tag == "equal" and not (between and i2 - i1 == 1 and len(one[i1]) <= _LONGEST_CRUMB)
        if merged and merged[-1][0] == same:
            i1, j1 = merged[-1][1], merged[-1][3]
            merged.pop()
        merged.append((same, i1, i2, j1, j2))
    yield from merged


def _side(words: _Words, stretches: Sequence[tuple[bool, int, int]], kind: Kind) -> tuple[Piece, ...]:
    """One text in pieces; the space around a change belongs to what stays."""
    pieces: list[Piece] = []
    for same, begin, end in stretches:
        if begin < end:
            pieces += [Piece(words.space_before(begin)), Piece(words.stretch(begin, end), "same" if same else kind)]
    pieces.append(Piece(words.space_before(len(words.spans))))
    return tuple(_joined(pieces))


def _inline(one: _Words, other: _Words, changes: Sequence[_Change]) -> Iterator[Piece]:
    pieces: list[Piece] = []
    for same, i1, i2, j1, j2 in changes:
        if not same and i1 < i2:
            pieces += [Piece(one.space_before(i1)), Piece(one.stretch(i1, i2), "gone")]
        if j1 < j2:
            space = other.space_before(j1)
            # Old and new words side by side need a space even where the text begins with the change.
            pieces += [Piece(space or (" " if i1 < i2 and not same else "")), Piece(other.stretch(j1, j2), "same")]
            if not same:
                pieces[-1] = Piece(pieces[-1].text, "new")
    pieces.append(Piece(other.space_before(len(other.spans))))
    yield from _joined(pieces)


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Without empty pieces, and neighbours of one kind as one."""
    held: Piece | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if held is not None and held.kind == piece.kind:
            held = Piece(held.text + piece.text, held.kind)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held
