"""Vectors of texts: which lie close together, and which form a topic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lorastudio.domain.embedding import Vector

Matrix: TypeAlias = npt.NDArray[np.float32]

# From here on two texts say the same; from there on a person is asked (BGE and its like).
SAME_COSINE = 0.92
ALIKE_COSINE = 0.85
MOST_TOPICS = 60
_BLOCK_ROWS = 256
_ROUNDS = 25


def unit_matrix(vectors: Sequence[Vector]) -> Matrix:
    """The vectors as rows of length one; all of one dimension."""
    matrix = np.array([np.frombuffer(vector, dtype=np.float32) for vector in vectors], dtype=np.float32)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.maximum(norms, np.finfo(np.float32).tiny), dtype=np.float32)


def close_rows(matrix: Matrix, least: float) -> Iterator[tuple[int, int, float]]:
    """Every two rows with a cosine of at least `least`, the lesser number first: (row, row, cosine).

    All are compared with all, block by block: 100,000 rows of 1,024 numbers are 10¹³ multiplications and 100 MB.
    """
    for start in range(0, len(matrix), _BLOCK_ROWS):
        cosines = matrix[start : start + _BLOCK_ROWS] @ matrix[start:].T
        rows, columns = np.nonzero(np.triu(cosines, k=1) >= least)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            yield start + row, start + column, float(cosines[row, column])


def cosine(matrix: Matrix, one: int, other: int) -> float:
    """The cosine of two rows."""
    return float(matrix[one] @ matrix[other])


def topics(matrix: Matrix, seed: int = 0) -> list[int]:
    """The number of its topic for every row: √(n / 2) topics, at most 60.

    Spherical k-means (Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", 2001)
    from far-apart rows (k-means++; Arthur and Vassilvitskii, 2007). Deterministic for a seed.
    """
    count = min(MOST_TOPICS, max(1, round(math.sqrt(len(matrix) / 2))))
    centres = _far_apart(matrix, count, np.random.default_rng(seed))
    nearest = np.argmax(matrix @ centres.T, axis=1)
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, matrix)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        # A centre that lost all its rows stays where it was.
        centres = np.where(norms > 0, sums / np.maximum(norms, np.finfo(np.float32).tiny), centres)
        now = np.argmax(matrix @ centres.T, axis=1)
        if np.array_equal(now, nearest):
            break
        nearest = now
    return [int(topic) for topic in nearest]


def _far_apart(matrix: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    chosen = [int(rng.integers(len(matrix)))]
    distances = 1.0 - matrix @ matrix[chosen[0]]
    while len(chosen) < count:
        weights = np.square(np.maximum(distances, 0.0), dtype=np.float64)
        if weights.sum() <= 0:
            break
        chosen.append(int(rng.choice(len(matrix), p=weights / weights.sum())))
        distances = np.minimum(distances, 1.0 - matrix @ matrix[chosen[-1]])
    return matrix[chosen]
