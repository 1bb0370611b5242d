"""How fast, lean and right training is beside the trainers that a user would pick instead.

    make bench-training                         everything: about half an hour on two cores
    make bench-training ONLY="dpo-half"         what `pytest -k` then selects
    make bench-training ALTERNATIONS=1          instead of the five that the table asks for

Peers are mlx_lm.lora's trainer, as it is and with its length sort mended, and mlx-lm-lora for DPO and ORPO. Peer and
ours run in turn, each in a process of its own, on the same model and rows, with the same rank, batch and layers: three
epochs from rows on disk to the adapter on disk, so what ours computes before its first step counts. Each alternation
has rows of its own. Compared are useful tokens (no padding) per CPU second with one BLAS thread, and MLX's peak memory;
resident memory, with Python and all libraries in it, is printed beside them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from tests.benchmarks.trainer.contests import ALL, CONTESTS, HALF, Contest, Side, alternations
from tests.benchmarks.trainer.data import MIDDLING_ANSWER, MIDDLING_PROMPT, make_pairs
from tests.benchmarks.trainer.scaling import Growth, flop_shares, growth_in_length, growth_in_pairs
from tests.benchmarks.trainer.tables import (
    Comparison,
    distance_table,
    heading,
    length_table,
    main_table,
    pairs_table,
    share_table,
)
from tests.benchmarks.trainer.task import BATCH_SIZE
from tests.benchmarks.trainer.workshop import Workshop

ROUNDS = int(os.environ.get("ALTERNATIONS", "5"))
MOST_DISTANCE = 1e-5
# How much the cost of a token may seem to grow from one measurement to the next.
TOLERANCE = 1.15

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7_200)]


@dataclass
class Figures:
    """All that the selected tests judge; everything is measured and printed before the first of them does."""

    comparisons: dict[str, Comparison] = field(default_factory=dict)
    distances: dict[str, float] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    pairs: list[Growth] = field(default_factory=list)
    lengths: list[Growth] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [heading(ROUNDS)]
        if self.comparisons:
            parts.append(main_table(list(self.comparisons.values()), self.distances))
        if self.distances:
            parts.append(distance_table(self.distances, MOST_DISTANCE))
        if self.shares:
            parts.append(share_table(self.shares))
        if self.pairs:
            parts.append(pairs_table(self.pairs))
        if self.lengths:
            parts.append(length_table(self.lengths))
        return "\n".join(parts)


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Figures:
    """What the selected tests need, and nothing else."""
    selected = {item.name for item in request.session.items}
    contests = tuple(each for each in CONTESTS if f"{test_speed_and_memory.__name__}[{each.name}]" in selected)
    shop, found = Workshop.set_up(ROUNDS), Figures()
    if test_gradients.__name__ in selected:
        found.distances = distances(shop)
    if contests:
        costs = shop.compare(alternations(contests))
        found.comparisons = {contest.name: Comparison.of(contest, costs) for contest in contests}
    if test_flop_share.__name__ in selected:
        found.shares = flop_shares(shop)
    if test_growth_in_pairs.__name__ in selected:
        found.pairs = growth_in_pairs(shop)
    if test_growth_in_length.__name__ in selected:
        found.lengths = growth_in_length(shop)
    print(f"\n{found}")
    return found


def distances(shop: Workshop) -> dict[str, float]:
    """By objective, the greater of two: with adapters on half of the layers and on all of them."""
    found: dict[str, float] = {}
    # Some of these rows share their prompt, some answers a beginning, and some share nothing.
    records = make_pairs(shop.language, BATCH_SIZE, 3, prompt=MIDDLING_PROMPT, answer=MIDDLING_ANSWER)
    data = shop.rows("parity", records)
    for layers in (HALF, ALL):
        task = shop.task(Side("parity", "sft", layers), data=data)
        shop.do("parity", task)
        found = {name: max(distance, found.get(name, 0.0)) for name, distance in task.read().items()}
    return found


@pytest.mark.parametrize("contest", CONTESTS, ids=lambda contest: contest.name)
def test_speed_and_memory(figures: Figures, contest: Contest) -> None:
    comparison = figures.comparisons[contest.name]
    assert comparison.speed.median >= contest.least_speed
    assert contest.most_memory is None or comparison.memory.median <= contest.most_memory


def test_gradients(figures: Figures) -> None:
    assert all(distance <= MOST_DISTANCE for distance in figures.distances.values()), figures.distances


def test_flop_share(figures: Figures) -> None:
    """A goal and no must: the table says how far it is."""
    assert all(0 < share < 1 for shares in figures.shares.values() for share in shares)


def test_growth_in_pairs(figures: Figures) -> None:
    first, *more = figures.pairs
    assert all(each.s_per_token <= TOLERANCE * first.s_per_token for each in more)


def test_growth_in_length(figures: Figures) -> None:
    first, *more = figures.lengths
    assert all(each.s_per_flop <= TOLERANCE * first.s_per_flop for each in more)
