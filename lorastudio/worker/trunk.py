"""The trunk: blocks below the first adapter, whose outputs never change and are computed once per token.

They lie in a file without a name: it takes no memory, and a killed process leaves nothing behind.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

import mlx.core as mx
import numpy as np

from lorastudio.domain.errors import BugError
from lorastudio.worker.forest import Forest


@dataclass
class TrunkStore:
    """The trunk's outputs by node of a forest, `width` numbers of type `dtype` a token."""

    width: int
    dtype: mx.Dtype
    _file: BinaryIO
    _offsets: list[int]
    _written: set[int]

    @classmethod
    def make(cls, folder: Path, forest: Forest, width: int, dtype: mx.Dtype) -> TrunkStore:
        """An empty store in `folder`, which must exist."""
        offsets = [0, *accumulate(len(node.tokens) for node in forest.nodes)]
        return cls(width, dtype, tempfile.TemporaryFile(dir=folder), offsets, set())

    @property
    def nodes(self) -> frozenset[int]:
        """The nodes that are kept."""
        return frozenset(self._written)

    @property
    def row_bytes(self) -> int:
        return self.width * self.dtype.size

    def put(self, node: int, rows: mx.array) -> None:
        """Keep (tokens, width) rows of a node; what it already has stays."""
        if node in self._written:
            return
        data = memoryview(np.array(rows.view(mx.uint8))).cast("B")
        offset = self._offsets[node] * self.row_bytes
        while data:
            written = os.pwrite(self._file.fileno(), data, offset)
            data, offset = data[written:], offset + written
        self._written.add(node)

    def get(self, nodes: Sequence[int]) -> mx.array:
        """(1, rows, width): the nodes' rows one after the other."""
        if missing := set(nodes) - self._written:
            raise BugError(f"The trunk was not computed for {len(missing)} nodes.")
        sizes = [(self._offsets[node + 1] - self._offsets[node]) * self.row_bytes for node in nodes]
        buffer = np.empty(sum(sizes), np.uint8)
        view = memoryview(buffer)
        start = 0
        for node, size in zip(nodes, sizes, strict=True):
            os.preadv(self._file.fileno(), [view[start : start + size]], self._offsets[node] * self.row_bytes)
            start += size
        return mx.array(buffer).view(self.dtype).reshape(1, -1, self.width)

    def close(self) -> None:
        self._file.close()
