"""Verified responses on their way into Pairs: a good-only example, or a pair against the writer's own answer."""

from __future__ import annotations

from lorastudio.domain.changes import Changes
from lorastudio.domain.messages import user
from lorastudio.domain.pair import NewPair, Origin
from lorastudio.domain.verified import VerifiedResponse
from lorastudio.services.arrivals import Arrivals, gate_texts
from lorastudio.services.curation import minimum_confidence
from lorastudio.store.gate_questions import text_key
from lorastudio.store.library import Library
from lorastudio.store.verified import enter_pairs, list_verified


def enter_verified(library: Library, verification_id: int, *, accept: bool) -> Changes:
    """Add a pair for each response of a verification that a quorum stands behind and that did not come in yet.

    One transaction and one undo step. With `accept` those with the library's least confidence are accepted by the
    confidence rule; the others wait for review. What has become a gate question meanwhile stays out.
    """
    with library.transaction():
        aside = gate_texts(library)
        agreed = [
            response
            for response in list_verified(library, verification_id=verification_id)
            if response.import_id is None and text_key(response.query.text) not in aside
        ]
        if not agreed:
            return Changes()
        arrivals = Arrivals(library)
        placed = arrivals.place([as_pair(response) for response in agreed])
        arrivals.assign(placed)
        least = minimum_confidence(library) if accept else None
        by_id = {response.query.id: pair for response, pair in zip(agreed, placed, strict=True)}
        accepted = {query_id: pair for query_id, pair in by_id.items() if _is_enough(pair, least)}
        waiting = {query_id: pair for query_id, pair in by_id.items() if query_id not in accepted}
        return enter_pairs(library, verification_id, accepted, waiting)


def as_pair(response: VerifiedResponse) -> NewPair:
    """The answer as good, and the writer's own as bad where that surely differs; how it came to be stays with it."""
    query, finding = response.query, response.finding
    return NewPair(
        prompt=user(query.text),
        good=finding.answer,
        bad=finding.writer_answer if finding.writer_differs else None,
        group=query.group,
        origin=Origin.VERIFIED,
        language=query.language,
        confidence=finding.confidence,
        extra={"verified_id": query.id, "agreement": response.agreement},
    )


def _is_enough(pair: NewPair, least: float | None) -> bool:
    return least is not None and pair.confidence is not None and pair.confidence >= least
