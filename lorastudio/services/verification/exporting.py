"""The store of verified responses as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lorastudio.domain.events import as_json
from lorastudio.domain.verified import VerifiedResponse
from lorastudio.services.exporting import write_lines
from lorastudio.store.library import Library
from lorastudio.store.verified import list_verified

MIN_CONFIDENCE = 0.8
_PAGE = 500


def export_verified(library: Library, path: Path, min_confidence: float = MIN_CONFIDENCE) -> int:
    """Write every response that a quorum stands behind with at least this confidence, one JSON object a line.

    Returns how many. A name ending in `.gz` is compressed; the same responses always give the same bytes.
    KnownError when the file can't be written; no part of it is left behind then.
    """
    return write_lines(path, (_line(response) for response in every_verified(library, min_confidence)))


def every_verified(library: Library, min_confidence: float | None) -> Iterator[VerifiedResponse]:
    """Responses that a quorum stands behind, by id, read a page at a time."""
    last = 0
    while page := list_verified(library, min_confidence=min_confidence, after_id=last, limit=_PAGE):
        yield from page
        last = page[-1].query.id


def response_record(response: VerifiedResponse) -> dict[str, Any]:
    """A response as one JSON object: what was asked, all answers with who stands behind each, and what came of it."""
    query, finding = response.query, response.finding
    return {
        "id": query.id,
        "query": query.text,
        "language": query.language,
        "answer": finding.answer,
        "outcome": finding.outcome.value,
        "agreement": response.agreement,
        "votes": finding.votes,
        "dissent": finding.dissent,
        "quorum": response.quorum.needed,
        "teachers": [answer.teacher for answer in finding.answers],
        "confidence": finding.confidence,
        "method": finding.method.value,
        "answers": as_json(finding.answers),
        "writer_answer": finding.writer_answer,
        "verification": query.verification_id,
        "date": response.date,
    }


def _line(response: VerifiedResponse) -> bytes:
    return json.dumps(response_record(response), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
