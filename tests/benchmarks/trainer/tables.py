"""The benchmark's figures as markdown."""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.trainer.contests import Contest
from tests.benchmarks.trainer.scaling import Growth
from tests.benchmarks.trainer.task import Cost
from tests.benchmarks.trainer.workshop import Costs

GOAL_FLOP_SHARE = 0.6
COLUMNS = (
    "",
    "peer, tokens/s",
    "ours, tokens/s",
    "ratio (spread)",
    "must",
    "MLX peak, ratio (spread)",
    "must",
    "resident, ratio",
    "gradients, relative L2",
)


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some figures, and the least and the greatest."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        return cls(statistics.median(figures), min(figures), max(figures))

    def __str__(self) -> str:
        return f"**{self.median:.2f}** ({self.least:.2f}–{self.most:.2f})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours against the peer over all rounds, as ratios."""

    contest: Contest
    peer_tokens_per_s: float
    ours_tokens_per_s: float
    speed: Spread
    memory: Spread
    resident: Spread

    @classmethod
    def of(cls, contest: Contest, costs: Costs) -> Comparison:
        rounds = sorted(number for number, side in costs if side == contest.ours)
        ours = [costs[number, contest.ours] for number in rounds]
        peer = [costs[number, contest.peer] for number in rounds]

        def ratio(figure: Callable[[Cost], float]) -> Spread:
            return Spread.of([figure(one) / figure(other) for one, other in zip(ours, peer, strict=True)])

        return cls(
            contest,
            statistics.median(cost.tokens_per_s for cost in peer),
            statistics.median(cost.tokens_per_s for cost in ours),
            ratio(lambda cost: cost.tokens_per_s),
            ratio(lambda cost: cost.mlx_peak_bytes),
            ratio(lambda cost: cost.resident_peak_bytes),
        )

    def cells(self, distance: float | None) -> list[str]:
        contest = self.contest
        return [
            contest.title,
            f"{self.peer_tokens_per_s:,.0f}",
            f"{self.ours_tokens_per_s:,.0f}",
            str(self.speed),
            f"≥ {contest.least_speed}",
            str(self.memory),
            "" if contest.most_memory is None else f"≤ {contest.most_memory:.2f}",
            f"{self.resident.median:.2f}",
            "" if distance is None else f"{distance:.0e}",
        ]


def heading(rounds: int) -> str:
    """On what the figures were measured, for they hold nowhere else."""
    where = "Metal" if sys.platform == "darwin" else "CPU, random models; not a Mac"
    unit = "wall second" if sys.platform == "darwin" else "CPU second, one BLAS thread"
    packages = ", ".join(f"{name} {version(name)}" for name in ("mlx", "mlx-lm"))
    return (
        f"**{where}** — {_processor()}, {platform.system()}, {packages}, mlx-lm-lora 5.10.2, "
        f"{date.today().isoformat()}; useful tokens per {unit}; medians of {rounds} alternations.\n"
    )


def main_table(comparisons: Sequence[Comparison], distances: Mapping[str, float]) -> str:
    """A line for each contest, with how far the gradients of its objective are from the plain ones."""
    rows = [comparison.cells(distances.get(comparison.contest.ours.method)) for comparison in comparisons]
    return _markdown(COLUMNS, rows)


def distance_table(distances: Mapping[str, float], most: float) -> str:
    rows = [[name, f"{distance:.1e}", f"≤ {most:.0e}"] for name, distance in distances.items()]
    return _markdown(("objective", "gradients to the plain loss's, relative L2", "must"), rows)


def share_table(shares: Mapping[str, Sequence[float]]) -> str:
    rows = [[f"SFT, {title}", str(Spread.of(found)), f"≥ {GOAL_FLOP_SHARE}"] for title, found in shares.items()]
    return _markdown(("hidden size 1,024", "useful FLOP/s, share of sgemm's", "goal"), rows)


def pairs_table(series: Sequence[Growth]) -> str:
    rows = [
        [f"{each.size:,}", f"{1e6 * each.s_per_token:,.0f}", f"{each.s_per_token / series[0].s_per_token:.2f}"]
        for each in series
    ]
    return _markdown(("pairs, tiny model", "µs per token", "of the first"), rows)


def length_table(series: Sequence[Growth]) -> str:
    rows = [
        [
            f"{each.size:,}",
            f"{1e6 * each.s_per_token:,.0f}",
            f"{each.s_per_token / series[0].s_per_token:.2f}",
            f"{each.s_per_flop / series[0].s_per_flop:.2f}",
        ]
        for each in series
    ]
    return _markdown(("tokens of a row", "µs per token", "of the first", "per counted FLOP, of the first"), rows)


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _processor() -> str:
    if sys.platform == "darwin":
        asked = ("sysctl", "-n", "machdep.cpu.brand_string")
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
