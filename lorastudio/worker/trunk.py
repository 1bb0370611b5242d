"""The trunk: blocks below the first adapter, whose outputs never change and are computed once per token.

They lie in a file without a name: it takes no memory, and a killed process leaves nothing behind.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import mlx.core as mx
import numpy as np

from lorastudio.domain.errors import BugError
from lorastudio.worker.forest import Forest


@dataclass
class TrunkStore:
    """The trunk's outputs by node of a forest, `width` numbers of type `dtype` a token."""

    width: int
    dtype: mx.Dtype
    _descriptor: int
    _offsets: list[int]
    _written: set[int]
    _closing: weakref.finalize[..., TrunkStore] = field(init=False)

    @classmethod
    def make(cls, folder: Path, forest: Forest, width: int, dtype: mx.Dtype) -> TrunkStore:
        """An empty store in `folder`, which must exist."""
        offsets = [0, *accumulate(len(node.tokens) for node in forest.nodes)]
        with tempfile.TemporaryFile(dir=folder) as file:
            store = cls(width, dtype, os.dup(file.fileno()), offsets, set())
        store._closing = weakref.finalize(store, os.close, store._descriptor)
        return store

    def has(self, nodes: Iterable[int]) -> bool:
        """Whether all of these are kept."""
        return self._written.issuperset(nodes)

    @property
    def row_bytes(self) -> int:
        return self.width * self.dtype.size

    def put(self, node: int, rows: mx.array) -> None:
        """Keep (tokens, width) rows of a node; what it already has stays."""
        if node in self._written:
            return
        data = np.array(rows.view(mx.uint8)).tobytes()
        offset = self._offsets[node] * self.row_bytes
        while data:
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written
        self._written.add(node)

    def get(self, nodes: Sequence[int]) -> mx.array:
        """(1, rows, width): the nodes' rows one after the other."""
        if missing := set(nodes) - self._written:
            raise BugError(f"The trunk was not computed for {len(missing)} nodes.")
        sizes = [(self._offsets[node + 1] - self._offsets[node]) * self.row_bytes for node in nodes]
        buffer = bytearray(sum(sizes))
        view = memoryview(buffer)
        start = 0
        for node, size in zip(nodes, sizes, strict=True):
            os.preadv(self._descriptor, [view[start : start + size]], self._offsets[node] * self.row_bytes)
            start += size
        return mx.array(np.frombuffer(buffer, np.uint8)).view(self.dtype).reshape(1, -1, self.width)

    def close(self) -> None:
        """Give the file back; so does the store's own end."""
        self._closing()
