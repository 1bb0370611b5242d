"""What is compared with what, and what has to come out."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.trainer.shapes import SHAPES

MODEL = "small"
ALL = SHAPES[MODEL].layers
HALF = ALL // 2


@dataclass(frozen=True, slots=True)
class Side:
    """A program and what it does: `program` is a module of this package, the rest are fields of its task."""

    program: str
    method: str
    layers: int
    lean: bool = False
    by_length: bool = False

    @property
    def title(self) -> str:
        how = " lean" if self.lean else " sorted by length" if self.by_length else ""
        return f"{self.program} {self.method} {self.layers} layers{how}"


@dataclass(frozen=True, slots=True)
class Contest:
    """A row of the table. Both bounds are ratios of ours to the peer's: tokens per second, and MLX's peak memory."""

    name: str
    title: str
    ours: Side
    peer: Side
    least_speed: float
    most_memory: float | None = None


SFT, SFT_ALL = Side("ours", "sft", HALF), Side("ours", "sft", ALL)
DPO, DPO_ALL = Side("ours", "dpo", HALF), Side("ours", "dpo", ALL)
SFT_LEAN, DPO_LEAN = Side("ours", "sft", HALF, lean=True), Side("ours", "dpo", HALF, lean=True)
PEER_SFT, PEER_SFT_ALL = Side("peer_sft", "sft", HALF), Side("peer_sft", "sft", ALL)
PEER_DPO, PEER_DPO_ALL = Side("peer_preference", "dpo", HALF), Side("peer_preference", "dpo", ALL)
PEER_SORTED = Side("peer_sft", "sft", HALF, by_length=True)
ORPO, PEER_ORPO = Side("ours", "orpo", HALF), Side("peer_preference", "orpo", HALF)
EVALUATION, PEER_EVALUATION = Side("ours", "evaluation", HALF), Side("peer_sft", "evaluation", HALF)

CONTESTS = (
    Contest("sft-half", "SFT, top half of the layers", SFT, PEER_SFT, 2.5, 0.40),
    Contest("sft-all", "SFT, all layers", SFT_ALL, PEER_SFT_ALL, 1.8, 0.40),
    Contest("sft-lean", "SFT, top half, one row at a time", SFT_LEAN, PEER_SFT, 2.0, 0.25),
    Contest("sft-by-length", "SFT, top half, peer sorted by length", SFT, PEER_SORTED, 1.3),
    Contest("dpo-half", "DPO, top half", DPO, PEER_DPO, 4.0, 0.30),
    Contest("dpo-all", "DPO, all layers", DPO_ALL, PEER_DPO_ALL, 2.8, 0.30),
    Contest("dpo-lean", "DPO, top half, one pair at a time", DPO_LEAN, PEER_DPO, 3.5, 0.15),
    Contest("orpo-half", "ORPO, top half", ORPO, PEER_ORPO, 2.8, 0.36),
    Contest("evaluation", "Evaluation of held-out answers", EVALUATION, PEER_EVALUATION, 1.9),
)


def alternations(contests: tuple[Contest, ...]) -> list[list[Side]]:
    """The sides that run one after the other, peer and ours in turn: those of a method and a number of layers."""
    groups: dict[tuple[str, int], dict[Side, None]] = {}
    for contest in contests:
        group = groups.setdefault((contest.peer.method, contest.peer.layers), {})
        group.update(dict.fromkeys((contest.peer, contest.ours)))
    return [list(group) for group in groups.values()]
