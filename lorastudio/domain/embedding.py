"""Embeddings: texts as vectors, whose angles tell how alike the texts are."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Vector: TypeAlias = "array[float]"


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """Where vectors can be compared: those of one model, one prefix before each text, and one dimension."""

    model: str
    prefix: str
    dimension: int


def content_hash(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in hex, by which its vector is kept; lone surrogates count as they are."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def as_vector(numbers: Sequence[float]) -> Vector:
    """The numbers as float32, an eighth of what a list of them takes."""
    return array("f", numbers)
