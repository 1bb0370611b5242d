"""Changing what pairs say, and which of their answers is the good one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lorastudio.datasets.lint import Finding, lint
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import UsageError
from lorastudio.domain.history import ActionKind
from lorastudio.domain.messages import Conversation
from lorastudio.domain.pair import NewPair, Pair
from lorastudio.store import pairs
from lorastudio.store.drafts import get_draft
from lorastudio.store.library import Library


def edit_pair(
    library: Library,
    pair_id: int,
    *,
    good: str | None = None,
    bad: str | None = None,
    prompt: Conversation | None = None,
) -> Changes:
    """Change the texts of a pair (None leaves one as it is), as one undo step; the findings are made anew.

    `UsageError` for an empty text, and when good and bad would be the same.
    """
    with library.transaction():
        old = pairs.get_pair(library, pair_id)
        new_good, new_bad = good if good is not None else old.good, bad if bad is not None else old.bad
        texts = [new_good, new_bad, *(message.content for message in prompt or ())]
        if any(text is not None and not text.strip() for text in texts):
            raise UsageError("A text of a pair can't be empty.", "Reject the pair if it is of no use.")
        if new_good == new_bad:
            raise UsageError("Good and bad answer would be the same text.", "Make them differ, or reject the pair.")
        new = replace(old, prompt=prompt or old.prompt, good=new_good, bad=new_bad)
        return pairs.edit_pair(library, pair_id, good=good, bad=bad, prompt=prompt, lint=findings_of(new, old))


def swap_pairs(library: Library, ids: Iterable[int]) -> Changes:
    """Make the bad answer of each pair the good one and the other way round, as one undo step.

    An example with one answer changes its side. Gain and confidence spoke for the other order and become unknown.
    KnownError when one of the pairs does not exist, or would say what another one says.
    """
    wanted = sorted(set(ids))
    what = f"pair {wanted[0]}" if len(wanted) == 1 else f"{len(wanted)} pairs"
    with library.transaction():
        swapped = [(old, _swapped(library, old)) for old in (pairs.get_pair(library, pair_id) for pair_id in wanted)]
        return pairs.rewrite_pairs(library, ActionKind.SWAP, f"swap of {what}", swapped)


def findings_of(new: NewPair, old: NewPair) -> tuple[str, ...]:
    """The findings of a pair that was made from another one."""
    # Those that came from comparing with other pairs stay: the neighbours are still there.
    kept = [finding for finding in (Finding.NEAR_DUPLICATE, Finding.HELDOUT_CLASH) if finding in old.lint]
    return (*lint(new.prompt, new.good, new.bad), *kept)


def _swapped(library: Library, old: Pair) -> Pair:
    new = replace(
        old,
        good=old.bad,
        bad=old.good,
        good_draft_id=old.bad_draft_id,
        bad_draft_id=old.good_draft_id,
        margin=None,
        confidence=None,
        iteration=None if old.bad_draft_id is None else get_draft(library, old.bad_draft_id).iteration,
    )
    return replace(new, lint=findings_of(new, old))
