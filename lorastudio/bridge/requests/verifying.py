"""Verified responses: what can be asked of whom, asking it, and what a quorum agreed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.domain.verified import VerifiedResponse
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Verified:
    """The teachers that could be asked, the newest responses that a quorum agreed on, newest first, and the id of a
    verification that was stopped (None: there is none)."""

    teachers: tuple[str, ...]
    responses: tuple[VerifiedResponse, ...]
    unfinished_id: int | None


@dataclass(frozen=True, slots=True)
class VerificationBegun(Changes):
    """The verification is written down and waits for its work."""

    verification_id: int = 0


def read_verified(library: Library) -> Verified:
    """What there is now."""
    from lorastudio.services.verification.verifying import teachers_named, unfinished_verifications
    from lorastudio.store.verified import list_verified

    unfinished = unfinished_verifications(library)
    return Verified(
        teachers=tuple(endpoint.name for endpoint in teachers_named(library, ())),
        responses=tuple(reversed(list_verified(library)[-MOST_SHOWN:])),
        unfinished_id=unfinished[-1].id if unfinished else None,
    )


def begin_verification(
    library: Library, file: Path, teachers: Sequence[str], quorum: int, budget_tokens: int | None
) -> VerificationBegun:
    """Write a verification of the file's questions down. Raises what `start_verification` raises."""
    from lorastudio.services.questions import read_questions
    from lorastudio.services.verification.settings import VerificationSettings
    from lorastudio.services.verification.verifying import start_verification

    begun = start_verification(
        library,
        read_questions([], file, library),
        quorum=quorum,
        teachers=teachers,
        settings=VerificationSettings(budget_tokens=budget_tokens),
    )
    return VerificationBegun(verification_id=begun.verification.id)


def run_verification(
    library: Library, servers: LocalServers, cancel: CancelToken, verification_id: int
) -> Iterator[Event]:
    """Ask what is still open, and enter the pairs."""
    from lorastudio.services.verification.verifying import run_verification as run

    yield from run(library, verification_id, servers, cancel)
