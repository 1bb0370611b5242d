"""Packing: the sequences of a pass laid end to end without padding, what they share only once.

A stretch of nodes without a branching between them is one segment: one causal attention call over what stands before
it (its context) and itself. Krell et al. 2021, https://arxiv.org/abs/2107.02027, pack whole sequences; sharing
beginnings within a pack is that of a tree ("DeFT", Yao et al. 2024, https://arxiv.org/abs/2404.00242, for decoding).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lorastudio.worker.conversations import Encoded
from lorastudio.worker.forest import Forest
from lorastudio.worker.targets import Indices, Targets, scored_tokens


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows `start` to `stop` of a pack; `context` are the segments before it, `position` that of its first token.

    `needed` is the first row whose output of the last block anything depends on (`stop`: none).
    """

    start: int
    stop: int
    position: int
    context: tuple[int, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A pass without padding. `nodes` are the forest's in the order of the rows, `sources` of the targets count rows
    of the last block's output: the needed rows of all segments, one after the other."""

    nodes: tuple[int, ...]
    rows: int
    segments: tuple[Segment, ...]
    targets: Targets

    @property
    def attended(self) -> int:
        """The number of (query, key) pairs, the measure of what attention costs."""
        total = 0
        for segment in self.segments:
            own = segment.stop - segment.start
            total += own * segment.position + own * (own + 1) // 2
        return total


def pack_answers(
    forest: Forest, answers: Sequence[int], encoded: Sequence[Encoded], pairs: Sequence[tuple[int, int]] = ()
) -> Pack:
    """The pack of some of a forest's sequences; `encoded` are these, in the same order.

    `pairs` are positions in `answers` whose shared tokens cancel in the loss and need no score.
    """
    paths = [forest.path(answer) for answer in answers]
    nodes, first = _in_order(forest, paths)
    rows = [
        np.concatenate([np.arange(first[node], first[node] + _size(forest, node)) for node in path]) for path in paths
    ]
    ids = [np.asarray(answer.ids, np.int32) for answer in encoded]
    targets = scored_tokens(rows, ids, [len(answer.prompt) for answer in encoded], pairs)
    chains = _chains(forest, nodes)
    segments, moved = _segments(forest, chains, first, targets.sources)
    total = sum(_size(forest, node) for node in nodes)
    return Pack(tuple(nodes), total, segments, replace(targets, sources=moved[targets.sources]))


def _size(forest: Forest, node: int) -> int:
    return len(forest.nodes[node].tokens)


def _in_order(forest: Forest, paths: Sequence[Sequence[int]]) -> tuple[list[int], dict[int, int]]:
    """The nodes of some paths, each right after its parent or the parent's other descendants, and their first rows."""
    children: dict[int | None, list[int]] = {}
    for node in sorted({node for path in paths for node in path}):
        children.setdefault(forest.nodes[node].parent, []).append(node)
    order: list[int] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting.extend(reversed(children.get(node, [])))
    first: dict[int, int] = {}
    row = 0
    for node in order:
        first[node] = row
        row += _size(forest, node)
    return order, first


def _chains(forest: Forest, nodes: Sequence[int]) -> list[list[int]]:
    """Nodes that follow each other without a branching, in the order of the rows."""
    branches: dict[int | None, int] = {}
    for node in nodes:
        parent = forest.nodes[node].parent
        branches[parent] = branches.get(parent, 0) + 1
    chains: list[list[int]] = []
    for node in nodes:
        parent = forest.nodes[node].parent
        if parent is not None and branches[parent] == 1 and chains[-1][-1] == parent:
            chains[-1].append(node)
        else:
            chains.append([node])
    return chains


def _segments(
    forest: Forest, chains: Sequence[Sequence[int]], first: dict[int, int], sources: Indices
) -> tuple[tuple[Segment, ...], npt.NDArray[np.int64]]:
    """The segments, and for every row its place among the needed rows."""
    chain_of = {node: number for number, chain in enumerate(chains) for node in chain}
    segments: list[Segment] = []
    stops = [first[chain[-1]] + _size(forest, chain[-1]) for chain in chains]
    lowest = _lowest_sources(stops, sources)
    moved = np.zeros(stops[-1], np.int64)
    needed_rows = 0
    for chain, stop, needed in zip(chains, stops, lowest, strict=True):
        head = forest.nodes[chain[0]]
        context = () if head.parent is None else _context(segments, chain_of[head.parent])
        segments.append(Segment(first[chain[0]], stop, head.position, context, needed))
        moved[needed:stop] = np.arange(needed_rows, needed_rows + stop - needed)
        needed_rows += stop - needed
    return tuple(segments), moved


def _context(segments: Sequence[Segment], parent: int) -> tuple[int, ...]:
    return (*segments[parent].context, parent)


def _lowest_sources(stops: Iterable[int], sources: Indices) -> list[int]:
    """For each segment the first of its rows that predicts a scored token, or its end when none does."""
    ordered = np.unique(sources)
    lowest: list[int] = []
    start = 0
    for stop in stops:
        at = int(np.searchsorted(ordered, start))
        lowest.append(int(ordered[at]) if at < len(ordered) and ordered[at] < stop else stop)
        start = stop
    return lowest
