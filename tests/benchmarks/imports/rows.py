"""Pairs of about 1 kB each: sentences with the words of two languages in the shares that texts have them (Zipf)."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

WORDS = 20_000
_PROMPT_BYTES, _ANSWER_BYTES = 200, 400
_SMALL = {
    "en": "the of and to in a is that for it was on are with as be at by this from or which were not have",
    "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem",
}
_SYLLABLES = "ba be bi co da de do fa ga la le li ma me mi no pa re ri ro sa se so ta te ti to tra ver vi"
_ACCENTED = " ção são já é ções rão má tô vê pó"


def write_pairs(path: Path, pairs: int, seed: int = 7) -> int:
    """Write `pairs` lines of the seed format; returns how many bytes they have."""
    with path.open("wb") as file:
        for line in _lines(pairs, seed):
            file.write(line)
    return path.stat().st_size


def _lines(pairs: int, seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    pools = {language: _vocabulary(rng, language) for language in _SMALL}
    shares = list(accumulate(1.0 / (rank + 2.7) for rank in range(WORDS)))
    for number in range(pairs):
        pool = pools["pt" if number % 2 else "en"]
        prompt, good, bad = (_text(rng, pool, shares, size) for size in (_PROMPT_BYTES, _ANSWER_BYTES, _ANSWER_BYTES))
        row = {"prompt": f"{prompt} ({number})", "completion": good, "bad_example": bad, "iteration": number % 6}
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _vocabulary(rng: random.Random, language: str) -> list[str]:
    syllables = _SYLLABLES.split()
    ends = (_SYLLABLES + _ACCENTED * (language == "pt")).split()
    made = {"".join(rng.choices(syllables, k=rng.randint(1, 3))) + rng.choice(ends) for _ in range(2 * WORDS)}
    return [*_SMALL[language].split(), *rng.sample(sorted(made), min(len(made), WORDS))][:WORDS]


def _text(rng: random.Random, pool: list[str], shares: list[float], size: int) -> str:
    words = rng.choices(pool, cum_weights=shares[: len(pool)], k=size // 5)
    text = " ".join(words)[:size].strip()
    return f"{text[:1].upper()}{text[1:]}."
