"""How good a sampled answer is, by a measure that needs no other model."""

from __future__ import annotations

from collections import Counter

from lorastudio.practice.critic import critique
from lorastudio.practice.facts import parse_question

LONGEST_GRAM = 6
RECALL_WEIGHT = 2.0


def answer_quality(question: str, answer: str, good: str) -> float:
    """0 to 1: the practice critic's score where the question is one of the practice world's, else `chrf`.

    The critic judges the answer itself. chrF only says how much of the good answer's wording came back: good
    enough to see a run turn bad, no substitute for the gate.
    """
    facts = parse_question(question)
    return chrf(answer, good) if facts is None else critique(facts, answer).score


def chrf(answer: str, good: str) -> float:
    """chrF2: the F-score of character n-grams, n = 1 to 6, blanks left out; 0 to 1.

    Precision and recall are averaged over the n that both texts are long enough for, recall counts twice as much.
    Popovic 2015, https://aclanthology.org/W15-3049, equation 1.
    """
    texts = "".join(answer.split()), "".join(good.split())
    shares = [_shared_grams(*texts, length) for length in range(1, min(LONGEST_GRAM, *map(len, texts)) + 1)]
    if not shares:
        return 0.0
    precision = sum(share for share, _ in shares) / len(shares)
    recall = sum(share for _, share in shares) / len(shares)
    weighted = RECALL_WEIGHT**2 * precision + recall
    return (1 + RECALL_WEIGHT**2) * precision * recall / weighted if weighted else 0.0


def _shared_grams(answer: str, good: str, length: int) -> tuple[float, float]:
    """The n-grams that both have, as a share of the answer's and of the good one's."""
    grams = [Counter(text[at : at + length] for at in range(len(text) - length + 1)) for text in (answer, good)]
    shared = (grams[0] & grams[1]).total()
    return shared / grams[0].total(), shared / grams[1].total()
