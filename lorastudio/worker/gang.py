"""Several processes that train one adapter together, each on its share of every step: data-parallel training.

Every rank knows all rows of a step and computes its share of them over the denominators of the whole step, so
gradients and losses of all ranks simply add up (Goyal et al. 2017, section 3.2, https://arxiv.org/abs/1706.02677,
asks for the mean over all workers' examples, which unweighted means of uneven shares are not). MLX's ring reduces
each part of an array in one place and hands it round, so all ranks get the same bits, and take the same decisions.
"""

from __future__ import annotations

import faulthandler
import hashlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from lorastudio.domain.errors import TrainingError

# MLX tries for 31 s to reach a peer, and then raises; in vain it waits for one without end.
JOIN_LIMIT_S = 60.0
# A rank may wait while the first one evaluates; longer than this means that somebody is stuck.
PATIENCE_S = 1800.0
BLOCK_BYTES = 32 << 20

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Gang:
    """The processes of a run, seen from one of them. Alone (size 1) nothing is exchanged.

    Every method but `share_of` is a meeting: all ranks must call it at the same point with values of the same
    shapes. It raises `TrainingError` (resumable) when another rank is gone, and ends the process when one has not
    come after `patience_s`: nothing else can wake a thread that waits in MLX.
    """

    rank: int = 0
    names: tuple[str, ...] = ("this machine",)
    group: mx.distributed.Group | None = None
    patience_s: float = PATIENCE_S

    @property
    def size(self) -> int:
        return len(self.names)

    @property
    def is_first(self) -> bool:
        """Whether this rank reports, keeps the checkpoints and writes the result."""
        return self.rank == 0

    def share_of(self, items: Sequence[Item], cost: Callable[[Item], int]) -> list[Item]:
        """The items of this rank, in their order: the shares of all ranks are disjoint and cover everything.

        The costliest item first, each to the rank with the least to do so far (Graham 1969,
        https://doi.org/10.1137/0117039): at most 4/3 of the best possible longest share. May be empty.
        """
        if self.size == 1:
            return list(items)
        loads = [0] * self.size
        mine = []
        for index in sorted(range(len(items)), key=lambda index: (-cost(items[index]), index)):
            rank = loads.index(min(loads))
            loads[rank] += max(cost(items[index]), 1)
            if rank == self.rank:
                mine.append(index)
        return [items[index] for index in sorted(mine)]

    def sum_tree(self, tree: Any) -> Any:
        """The sum over all ranks of a tree of arrays, each in its own dtype, summed in float32 in one buffer."""
        if self.size == 1:
            return tree
        leaves: Any = tree_flatten(tree)
        flat = mx.concatenate([leaf.astype(mx.float32).reshape(-1) for _, leaf in leaves])
        total = self._sum(flat)
        ends = np.cumsum([leaf.size for _, leaf in leaves])[:-1].tolist()
        parts = mx.split(total, ends)
        summed = [
            (name, part.reshape(leaf.shape).astype(leaf.dtype))
            for (name, leaf), part in zip(leaves, parts, strict=True)
        ]
        return tree_unflatten(summed)

    def sum_scalars(self, values: Sequence[float]) -> list[float]:
        """The sums over all ranks, in float64."""
        if self.size == 1:
            return list(values)
        with mx.stream(mx.cpu):
            total = self._sum(mx.array(list(values), dtype=mx.float64))
            return [float(value) for value in np.array(total)]

    def any(self, flag: bool) -> bool:
        """Whether any rank says so."""
        return self.sum_scalars([float(flag)])[0] > 0

    def of_first(self, data: bytes) -> bytes:
        """Rank 0's bytes, on every rank; what the others give is ignored."""
        if self.size == 1:
            return data
        length = int(self.sum_scalars([float(len(data)) if self.is_first else 0.0])[0])
        blocks = []
        for start in range(0, length, BLOCK_BYTES):
            size = min(BLOCK_BYTES, length - start)
            block = np.frombuffer(data, np.uint8, size, start) if self.is_first else np.zeros(size, np.uint8)
            blocks.append(np.array(self._sum(mx.array(block))).tobytes())
        return b"".join(blocks)

    def require_same(self, what: str, text: str, hint: str) -> None:
        """TrainingError, on all ranks, that names the hosts whose text is not rank 0's."""
        digests = np.zeros((self.size, hashlib.sha256().digest_size), np.uint8)
        digests[self.rank] = np.frombuffer(hashlib.sha256(text.encode("utf-8")).digest(), np.uint8)
        if self.size > 1:
            digests = np.array(self._sum(mx.array(digests)))
        other = [name for name, digest in zip(self.names, digests, strict=True) if (digest != digests[0]).any()]
        if other:
            message = f"{what} on {', '.join(other)} is not the one on {self.names[0]}."
            raise TrainingError(message, hint, resumable=True)

    def _sum(self, values: mx.array) -> mx.array:
        # What is exchanged is computed first and on the CPU's stream, one exchange at a time: a sum in the middle of
        # a graph has hung rings and tripped the GPU's watchdog (https://github.com/ml-explore/mlx/issues/4475).
        mx.eval(values)
        with _bounded(self.patience_s):
            try:
                total = mx.distributed.all_sum(values, group=self.group, stream=mx.cpu)
                mx.eval(total)
            except RuntimeError as error:
                raise TrainingError(
                    f"Another process of this run is gone: {error}.", "`lorastudio resume` goes on.", resumable=True
                ) from error
        return total


ALONE = Gang()


def join_ring(rank: int, ring: Sequence[Sequence[str]], names: Sequence[str]) -> Gang:
    """Connect to the other ranks at `ring` ("ip:port", one or more a rank); a process joins once in its life.

    TrainingError (resumable) when a peer can't be reached. The process ends by itself if the ring is not whole after
    `JOIN_LIMIT_S`: MLX waits for peers with Python's lock held, so nothing of ours could see that the parent is gone.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ring.json"
        file.write_text(json.dumps(ring), encoding="utf-8")
        os.environ |= {"MLX_RANK": str(rank), "MLX_HOSTFILE": str(file)}
        faulthandler.dump_traceback_later(JOIN_LIMIT_S, exit=True)
        try:
            return launched_gang(names)
        except RuntimeError as error:
            raise TrainingError(
                f"{names[rank]} could not join the others at {', '.join(ring[rank])}: {error}.",
                "Check the addresses in the hosts file, and that no firewall stands between the hosts.",
                resumable=True,
            ) from error
        finally:
            faulthandler.cancel_dump_traceback_later()


def launched_gang(names: Sequence[str] = ()) -> Gang:
    """The gang that the environment describes, as `mlx.launch --backend ring` sets it; RuntimeError without one."""
    group = mx.distributed.init(strict=True, backend="ring")
    return Gang(group.rank(), tuple(names) or tuple(f"rank {rank}" for rank in range(group.size())), group)


@contextmanager
def _bounded(limit_s: float) -> Iterator[None]:
    def give_up() -> None:
        sys.stderr.write(f"The other processes of this run gave no sign for {limit_s:g} s.\n")
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(limit_s, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
