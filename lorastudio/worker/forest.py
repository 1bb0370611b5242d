"""Token sequences that begin alike, as a forest: what several of them have in common is held, and computed, once.

A model reads from left to right, so everything it computes for a token depends on the tokens before it alone, and
two sequences with the same beginning share all of it (a radix tree, D. Morrison 1968).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]

# Sharing fewer tokens than this saves less than the attention call that it costs.
LEAST_SHARED = 16


@dataclass(frozen=True, slots=True)
class Node:
    """A stretch of tokens; `position` is that of its first one, `parent` what stands before (None: a root)."""

    tokens: Ids
    position: int
    parent: int | None


@dataclass(frozen=True, slots=True)
class Forest:
    """Nodes, every parent before its children, and for each sequence the node that it ends with."""

    nodes: tuple[Node, ...]
    leaves: tuple[int, ...]

    def path(self, sequence: int) -> tuple[int, ...]:
        """The nodes of a sequence from its root to its end."""
        path: list[int] = []
        node: int | None = self.leaves[sequence]
        while node is not None:
            path.append(node)
            node = self.nodes[node].parent
        return tuple(reversed(path))

    @property
    def tokens(self) -> int:
        """All tokens, shared ones counted once."""
        return sum(len(node.tokens) for node in self.nodes)


@dataclass(eq=False)
class _Branch:
    """A node while the forest grows."""

    tokens: Ids
    position: int
    parent: _Branch | None

    @property
    def end(self) -> int:
        return self.position + len(self.tokens)


def grow_forest(sequences: Sequence[Sequence[int]], least_shared: int = LEAST_SHARED) -> Forest:
    """The forest of some sequences, none of them empty.

    Sorted, sequences with a common beginning are neighbours, so each needs comparing with the one before alone.
    """
    arrays = [np.asarray(sequence, np.int32) for sequence in sequences]
    order = sorted(range(len(arrays)), key=lambda index: arrays[index].astype(">u4").tobytes())
    leaves: dict[int, _Branch] = {}
    before: Ids = np.empty(0, np.int32)
    leaf: _Branch | None = None
    for index in order:
        ids = arrays[index]
        parent = _common(leaf, _shared(before, ids), least_shared)
        begin = parent.end if parent else 0
        leaf = parent if parent and begin == len(ids) else _Branch(ids[begin:], begin, parent)
        leaves[index], before = leaf, ids
    return _frozen([leaves[index] for index in range(len(arrays))])


def _shared(first: Ids, second: Ids) -> int:
    """How many tokens two sequences have in common at their beginning."""
    length = min(len(first), len(second))
    unlike = np.flatnonzero(first[:length] != second[:length])
    return int(unlike[0]) if len(unlike) else length


def _common(leaf: _Branch | None, shared: int, least: int) -> _Branch | None:
    """The node that ends where a path and a new sequence part; the path is split there when it must be."""
    node = leaf
    while node is not None and node.position >= shared:
        node = node.parent
    if node is None or node.end == shared:
        return node
    if shared - node.position < least:
        return node.parent
    head = _Branch(node.tokens[: shared - node.position], node.position, node.parent)
    node.tokens, node.position, node.parent = node.tokens[len(head.tokens) :], shared, head
    return head


def _frozen(leaves: Sequence[_Branch]) -> Forest:
    numbers: dict[_Branch, int] = {}
    nodes: list[Node] = []
    for leaf in leaves:
        path: list[_Branch] = []
        branch: _Branch | None = leaf
        while branch is not None and branch not in numbers:
            path.append(branch)
            branch = branch.parent
        for new in reversed(path):
            numbers[new] = len(nodes)
            nodes.append(Node(new.tokens, new.position, None if new.parent is None else numbers[new.parent]))
    return Forest(tuple(nodes), tuple(numbers[leaf] for leaf in leaves))
