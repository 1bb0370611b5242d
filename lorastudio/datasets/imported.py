"""Examples of files as pairs of ours."""

from __future__ import annotations

from lorastudio.datasets.example import Example
from lorastudio.datasets.groups import group_of, question_of
from lorastudio.datasets.language import detect_language
from lorastudio.domain.pair import NewPair, Origin


def as_new_pair(example: Example) -> NewPair:
    """The example as a pair. What the file did not say (group, language) is worked out from its texts; a
    confidence or margin that it did not give stays unknown."""
    return NewPair(
        prompt=example.prompt,
        good=example.good,
        bad=example.bad,
        group=example.group or group_of(question_of(example.prompt)),
        origin=Origin.IMPORTED,
        language=example.language or detect_language(example.good or example.bad or ""),
        margin=example.margin,
        confidence=example.confidence,
        iteration=example.iteration,
        extra=example.extra,
    )
