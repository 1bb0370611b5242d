"""Counts what becomes of the rows of one file, in memory that does not grow with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from lorastudio.datasets.lint import CHARACTERS_PER_TOKEN, Finding
from lorastudio.datasets.rows import Refusal
from lorastudio.domain.pair import NewPair
from lorastudio.services.import_report import RefusedRow

MOST_REFUSALS = 10_000
_NAMES = {"en": "English", "pt": "Portuguese", "other": "other", "": "unknown"}


class ImportTally:
    """`counts` are of rows; `refused` the first refusals."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.refused: list[RefusedRow] = []
        self._repairs: Counter[frozenset[str]] = Counter()
        self._findings: Counter[tuple[str, ...]] = Counter()
        self._languages: Counter[str] = Counter()
        self._characters: dict[str, Counter[int]] = {
            "prompts": Counter(),
            "good answers": Counter(),
            "bad answers": Counter(),
        }

    def refuse(self, refusal: Refusal) -> None:
        """One row did not come in."""
        self.counts["refused"] += 1
        if len(self.refused) < MOST_REFUSALS:
            self.refused.append(RefusedRow(refusal.line, refusal.reason))

    def repaired(self, repairs: frozenset[str]) -> None:
        """One row was mended."""
        self.counts["repaired"] += 1
        self._repairs[repairs] += 1

    def placed(self, pairs: Iterable[NewPair]) -> None:
        """Pairs have their findings."""
        prompts, goods, bads = self._characters.values()
        for pair in pairs:
            self._findings[pair.lint] += 1
            self._languages[pair.language] += 1
            prompts[sum(len(turn.content) for turn in pair.prompt)] += 1
            if pair.good is not None:
                goods[len(pair.good)] += 1
            if pair.bad is not None:
                bads[len(pair.bad)] += 1

    @property
    def languages(self) -> dict[str, int]:
        """Pairs by the name of their language."""
        return {_NAMES.get(language, language): count for language, count in self._languages.most_common()}

    @property
    def leakage(self) -> dict[str, int]:
        """What would have reached the gate, or the held-out side, under another name."""
        return {"gate_questions": self.counts["gate"], "near_held_out": self._found(Finding.HELDOUT_CLASH)}

    @property
    def tokens(self) -> dict[str, dict[str, int]]:
        """Lengths in tokens by side, for the sides that there are."""
        return {side: _spread(counts) for side, counts in self._characters.items() if counts}

    def notes(self) -> Iterator[str]:
        """What the counts alone don't say, in words."""
        mended: Counter[str] = Counter()
        for names, count in self._repairs.items():
            mended.update(dict.fromkeys(names, count))
        for name, count in sorted(mended.items()):
            yield f"Rows with {name}, mended: {count}."
        if count := self.counts["refused"] - len(self.refused):
            yield f"Refused rows that are not listed: {count}."
        if count := self._found(Finding.HELDOUT_CLASH):
            yield f"Pairs near held-out text, kept out of training: {count}."
        # An exact duplicate is near itself, and counted already.
        if (count := self._found(Finding.NEAR_DUPLICATE) - self.counts["duplicates"]) > 0:
            yield f"Near-duplicates of other pairs: {count}."
        if count := self.counts["earlier answers"]:
            yield f"Earlier answers of conversations, which stay in the prompt and are not trained on: {count}."
        if count := self.counts["without a pair"]:
            yield f"Questions without a pair, since no two of their drafts differ enough: {count}."
        if count := self.counts["by order"]:
            yield f"Pairs of drafts without a score, where the last one was taken for the better one: {count}."

    def _found(self, finding: Finding) -> int:
        return sum(count for found, count in self._findings.items() if finding in found)


def _spread(counts: Counter[int]) -> dict[str, int]:
    """Least, middle, 95% and greatest number of tokens, and their sum."""
    total, seen = counts.total(), 0
    at: dict[str, int] = {}
    for length in sorted(counts):
        seen += counts[length]
        for name, share in (("median", 0.5), ("p95", 0.95)):
            if seen >= share * total:
                at.setdefault(name, length)
    lengths = {"min": min(counts), "median": at["median"], "p95": at["p95"], "max": max(counts)}
    lengths["total"] = sum(length * count for length, count in counts.items())
    return {name: -(-length // CHARACTERS_PER_TOKEN) for name, length in lengths.items()}
