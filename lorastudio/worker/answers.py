"""All answers that a run computes on, each once, and how they are dealt out to passes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from lorastudio.worker.conversations import Encoded
from lorastudio.worker.forest import Forest, grow_forest


@dataclass(frozen=True, slots=True)
class AnswerBook:
    """Prompts with an answer, numbered, and the forest of their tokens; equal ones have one number."""

    encoded: tuple[Encoded, ...]
    forest: Forest
    _numbers: dict[Encoded, int]

    @classmethod
    def of(cls, answers: Iterable[Encoded]) -> Self:
        numbers: dict[Encoded, int] = {}
        for answer in answers:
            numbers.setdefault(answer, len(numbers))
        encoded = tuple(numbers)
        return cls(encoded, grow_forest([answer.ids for answer in encoded]), numbers)

    def __len__(self) -> int:
        return len(self.encoded)

    def number(self, answer: Encoded) -> int:
        return self._numbers[answer]

    def sharing_order(self, numbers: Iterable[int]) -> list[int]:
        """The same numbers, those that share a beginning next to each other."""
        return sorted(numbers, key=self.forest.path)

    def groups(self, units: Sequence[Sequence[int]], budget: int) -> list[list[int]]:
        """Indices of `units` (sets of answers that must stay together) in groups of at most `budget` tokens,
        shared ones counted once; a unit that is larger by itself is a group of its own. Order is kept."""
        groups: list[list[int]] = []
        seen: set[int] = set()
        size = 0
        for index, unit in enumerate(units):
            nodes = {node for answer in unit for node in self.forest.path(answer)}
            new = self._tokens(nodes - seen)
            if not groups or size + new > budget:
                groups.append([])
                seen, size, new = set(), 0, self._tokens(nodes)
            groups[-1].append(index)
            seen |= nodes
            size += new
        return groups

    def _tokens(self, nodes: Iterable[int]) -> int:
        return sum(len(self.forest.nodes[node].tokens) for node in nodes)
