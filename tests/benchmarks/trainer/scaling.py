"""What our side costs as runs grow: in pairs, in length, and against what the processor can do at best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.trainer.contests import SFT, Side
from tests.benchmarks.trainer.data import ANSWER, PROMPT, SHORT_ANSWER, SHORT_PROMPT, Lengths, make_pairs, make_singles
from tests.benchmarks.trainer.shapes import SHAPES
from tests.benchmarks.trainer.task import Cost
from tests.benchmarks.trainer.workshop import FOLDER, Workshop

PAIR_COUNTS = (100, 1_000, 10_000)
# Tokens of a row and how many rows there are: some seconds of work each.
ROWS_BY_TOKENS = {256: 16, 1_024: 4, 4_096: 1}
WORDS_PER_TOKEN = 0.86
SHARE_ROUNDS, SHARE_ROWS = 3, 8


@dataclass(frozen=True, slots=True)
class Growth:
    """The cost of one run of a series; `size` is what grows."""

    size: int
    cost: Cost

    @property
    def s_per_token(self) -> float:
        return self.cost.busy_s / self.cost.tokens

    @property
    def s_per_flop(self) -> float:
        assert self.cost.flops is not None
        return self.cost.busy_s / self.cost.flops


def growth_in_pairs(shop: Workshop) -> list[Growth]:
    """DPO on a tiny model, one epoch on ever more short pairs, 16 to a step."""
    side = Side("ours", "dpo", 1)
    found = []
    for count in PAIR_COUNTS:
        records = make_pairs(shop.language, count, count, prompt=SHORT_PROMPT, answer=SHORT_ANSWER)
        data = shop.rows(f"{count}-pairs", records)
        task = shop.task(side, model=str(FOLDER / "models" / "tiny"), data=data, epochs=1, batch_size=16)
        found.append(Growth(count, shop.cost(side, task)))
    return found


def growth_in_length(shop: Workshop) -> list[Growth]:
    """SFT, row by row and one epoch, on ever longer rows: half of each is prompt."""
    found = []
    for tokens, count in ROWS_BY_TOKENS.items():
        half = Lengths.exactly(round(tokens * WORDS_PER_TOKEN / 2))
        data = shop.rows(f"{tokens}-tokens", make_singles(shop.language, count, tokens, prompt=half, answer=half))
        found.append(Growth(tokens, shop.cost(SFT, shop.task(SFT, data=data, epochs=1, batch_size=1))))
    return found


def flop_shares(shop: Workshop) -> dict[str, list[float]]:
    """Of SFT on a model with a hidden size of 1,024: useful FLOP/s in shares of sgemm's in the same process."""
    return {title: list(_shares(shop, adapted)) for title, adapted in _adapted().items()}


def _adapted() -> dict[str, int]:
    layers = SHAPES["wide"].layers
    return {"top half of the layers": layers // 2, "all layers": layers}


def _shares(shop: Workshop, adapted: int) -> Iterator[float]:
    side = Side("ours", "sft", adapted)
    for number in range(min(SHARE_ROUNDS, shop.rounds)):
        data = shop.rows(
            f"wide-{number}", make_singles(shop.language, SHARE_ROWS, number, prompt=PROMPT, answer=ANSWER)
        )
        cost = shop.cost(side, shop.task(side, number, model=str(FOLDER / "models" / "wide"), data=data))
        assert cost.flops is not None and cost.sgemm_flops_per_s is not None
        yield cost.flops / cost.busy_s / cost.sgemm_flops_per_s
