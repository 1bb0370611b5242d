"""Pairs in an invented language: drafts and their critics' choices, as long and as alike as real ones are.

The standard library alone makes them, so that the peers' environment can read this file too.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ONSETS = ("b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "st", "tr", "pl")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
WORDS = 30_000
# How often a prompt has 1, 2, 3 … pairs: a question is often drafted more than once.
SHARED_PROMPT = (1, 1, 2, 3, 5)
REVISED_SHARE = 0.6

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lengths:
    """Words of a text: log-normal about `median`, the tail cut at `least` and `most`."""

    median: int
    spread: float
    least: int
    most: int

    def draw(self, rng: random.Random) -> int:
        words = round(rng.lognormvariate(math.log(self.median), self.spread))
        return min(self.most, max(self.least, words))

    @classmethod
    def exactly(cls, words: int) -> Lengths:
        return cls(words, 0.0, words, words)


PROMPT = Lengths(100, 0.6, 35, 280)
ANSWER = Lengths(130, 0.7, 35, 430)
MIDDLING_PROMPT = Lengths(40, 0.5, 20, 80)
MIDDLING_ANSWER = Lengths(50, 0.5, 20, 100)
SHORT_PROMPT = Lengths(10, 0.4, 4, 20)
SHORT_ANSWER = Lengths(12, 0.4, 5, 30)


class Language:
    """Words by their rank; a text draws them by Zipf's law."""

    def __init__(self, words: int = WORDS, seed: int = 0) -> None:
        rng = random.Random(seed)
        syllables = [onset + vowel for onset in ONSETS for vowel in VOWELS]
        found: dict[str, None] = {}
        while len(found) < words:
            found["".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3, 3, 4))))] = None
        self._words = tuple(found)
        self._weights = tuple(itertools.accumulate(1 / rank for rank in range(1, words + 1)))

    def words(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self._words, cum_weights=self._weights, k=count)

    def text(self, rng: random.Random, count: int) -> str:
        return " ".join(self.words(rng, count))


def make_pairs(language: Language, count: int, seed: int, *, prompt: Lengths, answer: Lengths) -> list[Record]:
    """Rows as the program trains on them: `{"id", "prompt": [message], "good", "bad"}`.

    Some prompts come more than once; a bad answer is, in `REVISED_SHARE` of all pairs, an earlier draft of the good
    one: the same words up to a point, then others.
    """
    rng = random.Random(seed)
    records: list[Record] = []
    while len(records) < count:
        question = language.text(rng, prompt.draw(rng))
        for _ in range(rng.choice(SHARED_PROMPT)):
            good, bad = _answers(language, rng, answer)
            message = {"role": "user", "content": question}
            records.append({"prompt": [message], "good": good, "bad": bad})
    records = records[:count]
    rng.shuffle(records)
    return [{"id": number, **record} for number, record in enumerate(records, start=1)]


def make_singles(language: Language, count: int, seed: int, *, prompt: Lengths, answer: Lengths) -> list[Record]:
    """Rows with a good answer alone, every prompt another one: nothing in them is shared."""
    rng = random.Random(seed)
    records: list[Record] = []
    for number in range(1, count + 1):
        question = language.text(rng, prompt.draw(rng))
        good = language.text(rng, answer.draw(rng))
        records.append({"id": number, "prompt": [{"role": "user", "content": question}], "good": good, "bad": None})
    return records


def write_rows(folder: Path, records: Iterable[Record]) -> Path:
    """The folder that a `train` order names, with nothing held out."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "train.jsonl").write_text(lines, encoding="utf-8")
    for name in ("development", "heldout"):
        (folder / f"{name}.jsonl").write_text("", encoding="utf-8")
    return folder


def read_texts(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Prompt, good and bad answer of every row, for a trainer with formats of its own."""
    with (folder / "train.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record["prompt"][0]["content"], record["good"], record["bad"] or ""


def _answers(language: Language, rng: random.Random, lengths: Lengths) -> tuple[str, str]:
    good = language.words(rng, lengths.draw(rng))
    if rng.random() < REVISED_SHARE:
        kept = int(len(good) * rng.uniform(0.1, 0.8))
        rest = max(lengths.least // 4, round((len(good) - kept) * rng.uniform(0.7, 1.4)))
        bad = good[:kept] + language.words(rng, rest)
    else:
        share = rng.uniform(0.6, 1.5)
        bad = language.words(rng, min(lengths.most, max(lengths.least, round(len(good) * share))))
    return " ".join(good), " ".join(bad)
