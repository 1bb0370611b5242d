"""Paired comparisons of two models on the same questions: bootstrap by group, sign flips, exact McNemar.

Questions of one group (the same question in two languages, near-duplicates) stand or fall together, so groups
are what is drawn and flipped, never single questions. All functions are pure and seeded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 20_000
INTERVAL_SHARE = 0.90
_CHUNK_ROWS = 1_000  # a chunk of 1,000 resamples of 200 groups takes 3 MB
_TIE = 1e-12  # sums of sixths and quarters that are equal on paper differ by less than this


@dataclass(frozen=True, slots=True)
class Comparison:
    """A mean of paired differences and how sure it is.

    `p_above` is the one-sided p against "the true mean is 0 or less", `p_below` against "0 or more".
    `interval` holds the middle 90% of the resampled means. `spread` is the standard deviation of one
    group's part, so that the mean over G groups has a standard error of `spread` / √G.
    """

    mean: float
    p_above: float
    p_below: float
    interval: tuple[float, float]
    spread: float
    groups: int


def compare(
    differences: Sequence[float], groups: Sequence[str], *, seed: int, resamples: int = RESAMPLES
) -> Comparison:
    """Test whether the mean of paired differences is above or below 0; at least one difference is needed.

    Each p is the larger of two: the percentile bootstrap by group (Efron and Tibshirani 1993, chapters 13
    and 16), which is honest about skewed differences but too sure with few groups (with one group every
    resample is the same), and the sign-flip randomisation test (Fisher 1935), which is exact at any size
    when the two models are the same.
    """
    columns = _by_group(np.asarray(differences, dtype=np.float64), np.ones(len(differences)), groups)
    totals = np.concatenate(list(_resampled_totals(columns, resamples, seed)))
    means = totals[:, 0] / totals[:, 1]
    above, below = _sign_flips(columns[:, 0], resamples, seed)
    tail = (1.0 - INTERVAL_SHARE) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    mean = float(columns[:, 0].sum() / columns[:, 1].sum())
    parts = (columns[:, 0] - mean * columns[:, 1]) / columns[:, 1].mean()
    return Comparison(
        mean=mean,
        p_above=max(_share(means <= _TIE), above),
        p_below=max(_share(means >= -_TIE), below),
        interval=(float(low), float(high)),
        spread=float(np.sqrt(np.mean(parts**2))),
        groups=len(columns),
    )


def ratio_p(
    numerators: Sequence[float],
    denominators: Sequence[float],
    groups: Sequence[str],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> tuple[float, float, float]:
    """The ratio of two sums over the same questions, with one-sided p against "1 or less" and "1 or more".

    A ratio is tested as the mean of numerator - denominator, which is above 0 exactly when the ratio is
    above 1. Denominators must not all be 0.
    """
    differences = [above - below for above, below in zip(numerators, denominators, strict=True)]
    found = compare(differences, groups, seed=seed, resamples=resamples)
    return sum(numerators) / sum(denominators), found.p_above, found.p_below


def mcnemar_p(losses: int, wins: int) -> float:
    """Exact one-sided p that `losses` outweigh `wins` among questions that only one of two models got right.

    McNemar 1947 in its binomial form: the share of fair-coin results of losses + wins throws with at least
    `losses` heads.
    """
    thrown = losses + wins
    if thrown == 0:
        return 1.0
    return float(sum(math.comb(thrown, heads) for heads in range(losses, thrown + 1)) / 2**thrown)


def _by_group(values: Floats, weights: Floats, groups: Sequence[str]) -> Floats:
    """Sums of values and weights per group, shape (groups, 2), in the order in which groups first appear."""
    places: dict[str, int] = {}
    index = np.array([places.setdefault(group, len(places)) for group in groups])
    return np.stack(
        [np.bincount(index, values, minlength=len(places)), np.bincount(index, weights, minlength=len(places))], axis=1
    )


def _resampled_totals(columns: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """Column sums of `resamples` draws of as many groups with replacement, in chunks of shape (rows, 2)."""
    random = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, resamples, _CHUNK_ROWS):
        rows = min(_CHUNK_ROWS, resamples - start)
        drawn = random.integers(0, len(columns), size=(rows, len(columns)))
        yield np.stack([column[drawn].sum(axis=1) for column in columns.T], axis=1)


def _sign_flips(sums: Floats, resamples: int, seed: int) -> tuple[float, float]:
    """One-sided p above and below 0: how often random signs of the groups' sums do as well as the real ones."""
    random = np.random.Generator(np.random.PCG64(seed + 1))
    real = sums.sum()
    flipped = np.concatenate(
        [
            (random.integers(0, 2, size=(min(_CHUNK_ROWS, resamples - start), len(sums))) * 2.0 - 1.0) @ sums
            for start in range(0, resamples, _CHUNK_ROWS)
        ]
    )
    return _share(flipped >= real - _TIE), _share(flipped <= real + _TIE)


def _share(hits: NDArray[np.bool_]) -> float:
    """The share of resamples that speak against, the real sample counted as one of them, so never 0."""
    return float((np.count_nonzero(hits) + 1) / (len(hits) + 1))
