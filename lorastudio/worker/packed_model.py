"""A model that computes on packs: without padding, what answers share only once, the trunk from its store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mlx.core as mx

from lorastudio.worker.adapter_layers import LoraLinear
from lorastudio.worker.anatomy import Anatomy
from lorastudio.worker.answers import AnswerBook
from lorastudio.worker.head import FrozenHead
from lorastudio.worker.packed_forward import PackedForward, pack_ids, spans
from lorastudio.worker.packing import Pack, pack_answers
from lorastudio.worker.trunk import TrunkStore

# The trunk is computed again in every pass where keeping it would take more than this.
MOST_TRUNK_BYTES = 8 << 30


@dataclass
class PackedModel:
    """Log-probabilities of a book's answers under a model, adapters as they are now."""

    anatomy: Anatomy
    book: AnswerBook
    checkpointing: bool = False
    trunk: TrunkStore | None = None
    _trunk_blocks: int = field(init=False)

    def __post_init__(self) -> None:
        self._trunk_blocks = lowest_adapted(self.anatomy)
        self._forward = PackedForward(self.anatomy, self.checkpointing)
        self._head = FrozenHead(self.anatomy.head, self.anatomy.logit_softcap)
        self._tokens = [node.tokens for node in self.book.forest.nodes]

    @property
    def trunk_width(self) -> tuple[int, mx.Dtype]:
        """How many numbers of what type a token's hidden state has."""
        hidden = self._forward.embed(mx.array([0]))
        return hidden.shape[-1], hidden.dtype

    @property
    def kept_blocks(self) -> int:
        return 0 if self.trunk is None else self._trunk_blocks

    def make_pass(self, answers: Sequence[int], pairs: Sequence[tuple[int, int]] = ()) -> Pack:
        return pack_answers(self.book.forest, answers, [self.book.encoded[answer] for answer in answers], pairs)

    def log_probs(self, work: Pack) -> mx.array:
        return self._head.log_probs(self._outputs(work, self._trunk_of(work)), mx.array(work.targets.ids))

    def scores(self, work: Pack) -> tuple[mx.array, mx.array]:
        return self._head.scores(self._outputs(work, self._trunk_of(work)), mx.array(work.targets.ids))

    def keep_trunk(self, folder: Path) -> None:
        width, dtype = self.trunk_width
        forest = self.book.forest
        if self._trunk_blocks and forest.tokens * width * dtype.size <= MOST_TRUNK_BYTES:
            folder.mkdir(parents=True, exist_ok=True)
            self.trunk = TrunkStore.make(folder, forest, width, dtype)

    def drop_trunk(self) -> None:
        if self.trunk is not None:
            self.trunk.close()
            self.trunk = None

    def fill_trunk(self, pack: Pack) -> None:
        if self.trunk is None or self.trunk.has(pack.nodes):
            return
        hidden = self._compute_trunk(pack)
        sizes = [len(tokens) for tokens in self._tokens]
        for node, (begin, end) in zip(pack.nodes, spans(pack, sizes), strict=True):
            self.trunk.put(node, hidden[0, begin:end])

    def _compute_trunk(self, pack: Pack) -> mx.array:
        """(1, rows, hidden) below the first adapter."""
        embedded = self._forward.embed(pack_ids(pack, self._tokens))
        return mx.stop_gradient(self._forward.run(embedded, pack, 0, self._trunk_blocks))

    def _trunk_of(self, pack: Pack) -> mx.array:
        return self._compute_trunk(pack) if self.trunk is None else self.trunk.get(pack.nodes)

    def _outputs(self, pack: Pack, hidden: mx.array) -> mx.array:
        return self._forward.outputs(
            self._forward.run(hidden, pack, self._trunk_blocks, len(self.anatomy.blocks)), pack
        )


def lowest_adapted(anatomy: Anatomy) -> int:
    """The first block with an adapter; all of them may be trunk but the last, which returns needed rows only."""
    for number, block in enumerate(anatomy.blocks):
        if any(isinstance(module, LoraLinear) for module in block.modules()):
            return number
    return len(anatomy.blocks) - 1
