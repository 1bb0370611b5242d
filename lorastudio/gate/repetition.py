"""Whether an answer runs in circles."""

from __future__ import annotations

GRAM_WORDS = 4
REPEATED_SHARE = 0.25


def repeats(text: str) -> bool:
    """Whether more than a quarter of the text's 4-word sequences occurred before in it.

    The share is rep-4 = 1 - distinct 4-grams / all 4-grams of Welleck et al., "Neural text generation with
    unlikelihood training" (2020). Shorter texts never repeat.
    """
    words = text.lower().split()
    grams = [tuple(words[start : start + GRAM_WORDS]) for start in range(len(words) - GRAM_WORDS + 1)]
    return bool(grams) and 1.0 - len(set(grams)) / len(grams) > REPEATED_SHARE
