"""How large the pieces of the computation are where neither settings nor a plan say: computed and planned by."""

from __future__ import annotations

# Tokens of a pass with gradient; of one without, which keeps little; and of one without when memory is to be spared.
TOKENS_PER_PASS = 8192
TOKENS_PER_SCORING_PASS = 4096
TOKENS_PER_LEAN_PASS = 512
FEWEST_TOKENS_PER_PASS = 8

# The float32 logits of one chunk take about this much; some ten arrays of this size are there at a time.
CHUNK_BYTES = 12 << 20
LEAST_CHUNK_ROWS, MOST_CHUNK_ROWS = 16, 512


def chunk_rows(vocabulary: int) -> int:
    """How many rows the head takes at a time."""
    return max(LEAST_CHUNK_ROWS, min(MOST_CHUNK_ROWS, CHUNK_BYTES // (4 * vocabulary)))
