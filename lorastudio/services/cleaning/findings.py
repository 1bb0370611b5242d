"""Findings of pairs, made anew: one undo step for all that changed."""

from __future__ import annotations

from collections.abc import Iterator

from lorastudio.datasets.lint import Finding, lint_pair
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.history import ActionKind
from lorastudio.domain.pair import Pair
from lorastudio.services.arrivals import every_pair
from lorastudio.store.actions import PairEdit, change_columns
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library

FROM_OTHERS = (Finding.NEAR_DUPLICATE, Finding.HELDOUT_CLASH)


def lint_again(library: Library, cancel: CancelToken) -> Changes:
    """Make the findings that a pair's own texts give anew, everywhere; those from comparing with others stay."""
    return mark(library, "findings made anew", _own_findings(library, cancel))


def with_neighbours(pair: Pair, *, near_duplicate: bool, clash: bool) -> tuple[str, ...]:
    """The pair's findings with what comparing gave. Once near held-out text, a pair stays marked so: nothing that
    was kept out of training comes back because its neighbour went away."""
    found = [finding for finding in pair.lint if finding not in FROM_OTHERS]
    found += [Finding.NEAR_DUPLICATE] if near_duplicate else []
    return (*found, Finding.HELDOUT_CLASH) if clash or Finding.HELDOUT_CLASH in pair.lint else tuple(found)


def mark(library: Library, label: str, findings: Iterator[tuple[Pair, tuple[str, ...]]]) -> Changes:
    """Give pairs their new findings; those whose findings stay are left alone."""
    edits = [
        PairEdit(pair.id, {"lint": to_json(pair.lint)}, {"lint": to_json(found)})
        for pair, found in findings
        if tuple(pair.lint) != tuple(found)
    ]
    return change_columns(library, label, edits, ActionKind.TIDY)


def _own_findings(library: Library, cancel: CancelToken) -> Iterator[tuple[Pair, tuple[str, ...]]]:
    for pair in every_pair(library):
        cancel.check()
        kept = tuple(finding for finding in pair.lint if finding in FROM_OTHERS)
        yield pair, (*lint_pair(pair), *kept)
